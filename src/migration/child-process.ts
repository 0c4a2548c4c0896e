import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ReleaseError } from '../observe/error.ts';
import type { Log } from '../observe/log.ts';
import type { FromChild, ToChild } from './child/protocol.ts';
import type { ThrottleSettings } from './gate/throttle/settings.ts';

/** How a project's code is run; the same for all migrations of a run. */
export interface ChildSettings {
  /** Working folder of the process, and where the project's own tsx is looked for. Absolute. */
  readonly projectDir: string;
  /** Absolute path of the module that exports the Mongoose models. */
  readonly models?: string;
  /** How .ts files are loaded. */
  readonly import: 'native' | 'tsx';
  /** The whole environment of the process. It must hold no address of a database and no secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** Time limit of one migration, and of loading all files, in milliseconds. */
  readonly timeLimitMs: number;
  /** When a migration waits between two batches; without it never. */
  readonly throttle?: ThrottleSettings;
  /** Prefix of the collections that mongo-release keeps. */
  readonly ownPrefix?: string;
  /** Show what user code prints and throws as it is, documents' values included. For a terminal only. */
  readonly showValues?: boolean;
  /** Is told what user code has loaded, once a process has done its work: SHA-256 by path, as child/loaded-files.ts. */
  readonly onLoaded?: (files: ReadonlyMap<string, string>) => void;
}

export interface Child {
  readonly process: ChildProcess;
  /** Lines of output that were counted and not shown. */
  readonly hiddenLines: () => number;
  /** Resolves when the process has ended and all its messages were delivered. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }>;
  send(message: ToChild): void;
}

/**
 * Starts the process that user code runs in: our entry file, no arguments, this environment and no other, and a
 * channel for everything it has to know.
 *
 * Throws `TSX_MISSING`.
 */
export function startChild(settings: ChildSettings, log: Log, receive: (message: FromChild) => void): Child {
  const child = fork(childEntry(), [], {
    cwd: settings.projectDir,
    env: { ...settings.environment },
    // Flags of our own process (an inspector's port, a coverage hook) are not the child's.
    execArgv: [...quiet, ...loading(settings)],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let hidden = 0;
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = child[name];
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (settings.showValues) log.info(line, { stream: name });
      else hidden += 1;
    });
  }
  child.on('message', (message) => {
    const said = message as FromChild;
    if (said.type === 'loaded') settings.onLoaded?.(said.files);
    else receive(said);
  });
  return {
    process: child,
    hiddenLines: () => hidden,
    ended: endOf(child),
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
  };
}

/** Node's remarks on how a project writes its modules: they are not the migration's output. */
const quiet = ['MODULE_TYPELESS_PACKAGE_JSON', 'ExperimentalWarning'].map((kind) => `--disable-warning=${kind}`);

/** What a grandchild keeps open is not waited for longer than this, in milliseconds. */
const drainMs = 500;

function endOf(child: ChildProcess): Child['ended'] {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
    child.on('exit', (exitCode, signal) => {
      const done = () => resolve({ exitCode, signal });
      child.on('close', done);
      setTimeout(done, drainMs).unref();
    });
  });
}

/** The child's entry file: beside this file in the sources, and beside the chunk that this is part of in the bundle. */
export function childEntry(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.ts') ? join(dirname(here), 'child', 'main.ts') : join(dirname(here), 'child.js');
}

function loading({ import: by, projectDir }: ChildSettings): readonly string[] {
  return by === 'tsx' ? ['--import', tsxOf(projectDir)] : [];
}

function tsxOf(projectDir: string): string {
  try {
    return pathToFileURL(createRequire(join(projectDir, 'package.json')).resolve('tsx')).href;
  } catch {
    throw new ReleaseError('TSX_MISSING', 'The configuration says import: tsx, and the project has no tsx.', {
      hint: 'Install it (npm install --save-dev tsx), or set migrations.import: native.',
    });
  }
}
