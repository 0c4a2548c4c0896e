import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { program, programEnvironment } from '../setup/program.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document of `--json`. Fails the test where stdout is anything else. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into documents of every shape
  readonly json: any;
}

export interface Started {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ran>;
  /** Resolves once stderr holds the text. */
  said(text: string): Promise<void>;
}

export interface Project extends AsyncDisposable {
  readonly dir: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  read(file: string): Promise<string>;
  /** Runs `mongo-release ARGS` here and waits for its end. `words` is split at spaces. */
  run(words: string | readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  start(words: string | readonly string[], env?: Readonly<Record<string, string>>): Started;
}

/**
 * A project of these files in a folder of its own; `env` is the whole environment of what runs there, beside what a
 * process needs to run. `modules` gives it the packages that are installed here, mongoose among them.
 */
export async function makeProject(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  { modules = false } = {},
): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), 'mr-cli-'));
  const write: Project['write'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
  };
  await write({ 'package.json': '{ "name": "project", "private": true }\n', ...files });
  if (modules) await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
  const start: Project['start'] = (words, more = {}) =>
    startCli(typeof words === 'string' ? words.split(' ') : words, dir, { ...env, ...more });
  return {
    dir,
    write,
    read: (file) => readFile(join(dir, file), 'utf8'),
    start,
    run: (words, more) => start(words, more).ended,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

function startCli(words: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Started {
  const child = spawn(process.execPath, [program, ...words], {
    cwd,
    env: { ...programEnvironment, ...env },
    stdio: 'pipe',
  });
  child.stdin.end();
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  const ended = new Promise<Ran>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) =>
      done({
        ...text,
        ...{ code, signal },
        get json() {
          expect(text.stdout, text.stderr).toMatch(/^\{.*\}\n$/);
          return JSON.parse(text.stdout);
        },
      }),
    );
  });
  return {
    process: child,
    ended,
    said: (words) =>
      new Promise((heard, failed) => {
        const look = () => text.stderr.includes(words) && heard();
        child.stderr.on('data', look);
        look();
        // Also where it has ended before anybody asked.
        ended.then(() => failed(new Error(`It ended without saying "${words}":\n${text.stderr}`)), failed);
      }),
  };
}

/** What every failure has in common: exit code, document and text say the same, and nobody sees a stack trace. */
export function expectFailure(ran: Ran, exit: number, code: string, message?: RegExp): void {
  expect({ exit: ran.code, code: ran.json.error?.code }, ran.stderr).toEqual({ exit, code });
  const { error, schemaVersion, outcome } = ran.json;
  expect(schemaVersion).toBe(1);
  expect(outcome).toBeTypeOf('string');
  expect(error.message).not.toBe('');
  expect(error.hint).not.toBe('');
  if (message !== undefined) expect(error.message).toMatch(message);
  // Long lines are broken for the reader, never left out.
  const flat = (text: string) => text.replaceAll(/\s+/g, ' ');
  expect(flat(ran.stderr)).toContain(flat(error.message));
  expect(flat(ran.stderr)).toContain(flat(error.hint));
  expect(ran.stderr).toContain(`[${code}]`);
  expectNoTrace(ran);
}

export function expectNoTrace({ stdout, stderr }: Ran): void {
  expect(stdout).not.toMatch(/^\s+at /m);
  expect(stderr).not.toMatch(/^\s+at /m);
}

export const migration = (up: string, down?: string) =>
  `module.exports = { async up(db, client) { ${up} }${down === undefined ? '' : `, async down(db, client) { ${down} }`} };\n`;

/** Inserts a place with this id, and takes it away again. */
export const insertPlace = (_id: number | string) =>
  migration(
    `await db.collection('places').insertOne({ _id: ${JSON.stringify(_id)} });`,
    `await db.collection('places').deleteOne({ _id: ${JSON.stringify(_id)} });`,
  );
