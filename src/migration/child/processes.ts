import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import workerThreads from 'node:worker_threads';
import { ReleaseError } from '../../observe/error.ts';
import { packageOf } from './loaded-files.ts';

type Start = (...args: unknown[]) => unknown;

const starting = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;

/**
 * Keeps code of the project from starting processes and threads: what runs there opens connections that nobody sees.
 * Against accidents, not against intent. A package may start them while it is loaded, as one that writes logs does, and
 * tsx for its compiler.
 */
export class Processes {
  #refusing = false;
  #told: (reason: ReleaseError) => void = () => {};

  /** From here on none is started. To be called before code of the project is loaded. */
  refuse(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    const functions = childProcess as unknown as Record<string, Start>;
    for (const name of starting) functions[name] = this.#checked(name, functions[name] as Start);
    const construct = (worker: typeof workerThreads.Worker, args: unknown[], made: new () => unknown) => {
      this.#check('Worker');
      return Reflect.construct(worker, args, made) as object;
    };
    workerThreads.Worker = new Proxy(workerThreads.Worker, { construct });
    syncBuiltinESMExports();
  }

  /** From here on `told` gets the reason of each refusal. What is only tried while code is loaded harms nobody. */
  tell(told: (reason: ReleaseError) => void): void {
    this.#told = told;
  }

  #checked(name: string, start: Start): Start {
    const checked: Start = (...args) => {
      this.#check(name);
      return start(...args);
    };
    // Some have a version of their own for `promisify`, which answers otherwise than the usual one.
    const promised = (start as { readonly [promisify.custom]?: Start })[promisify.custom];
    if (promised === undefined) return checked;
    const custom: Start = (...args) => {
      this.#check(name);
      return promised(...args);
    };
    return Object.defineProperty(checked, promisify.custom, { value: custom });
  }

  #check(what: string): void {
    // After the error itself, this function, and the one in the place of Node's.
    const stack = new Error().stack?.split('\n').slice(3) ?? [];
    const { path, line } = callerIn(stack);
    const loading = stack.some((frame) => frame.includes('node:internal/modules/'));
    const folder = path === undefined ? undefined : packageOf(path);
    if (folder !== undefined && (loading || /[\\/]esbuild$/.test(folder))) return;
    const by = path === undefined ? '' : ` of ${relative(process.cwd(), path)}:${line}`;
    const text = `${what}()${by} was refused: what another process or thread writes passes no gate, and in a rehearsal nobody would see whether it writes to the target`;
    const reason = new ReleaseError('OWN_PROCESS', text, { hint: loading ? atTopLevel : inFunction });
    this.#told(reason);
    throw reason;
  }
}

const atTopLevel =
  'Files are loaded to see what is in them, before anything is run: move it into the function that needs it.';
const inFunction =
  "Do it in a hook (hooks.deploy, hooks.reconcile) or a job of its own. Where a migration has to start it, its up cannot be rehearsed: apply with --rehearsal none, in production with --waive-rehearsal 'why'.";

/** The first frame that is in a file, and no part of Node. */
function callerIn(stack: readonly string[]): { readonly path?: string; readonly line?: string } {
  for (const frame of stack) {
    const [, place = '', line] = /(?:\s|\()((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*):(\d+):\d+\)?$/.exec(frame) ?? [];
    if (line !== undefined) return { path: place.startsWith('file:') ? fileURLToPath(place) : place, line };
  }
  return {};
}
