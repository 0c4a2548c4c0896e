import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { ReleaseError } from '../../observe/error.ts';

type Start = (...args: unknown[]) => unknown;

const starting = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;

/**
 * Keeps code of the project from starting processes and threads: what runs there opens connections that nobody sees.
 * tsx may, for its compiler. Node's own `--permission` stands behind this, where it can (child-process.ts); this says
 * what is to be done, also to code that passes over the error.
 */
export class Processes {
  #refusing = false;
  #told: (reason: ReleaseError) => void = () => {};

  /** From here on none is started. To be called before code of the project is loaded. */
  refuse(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    const functions = childProcess as unknown as Record<string, Start>;
    for (const name of starting) {
      const start = functions[name] as Start;
      functions[name] = (...args) => {
        this.#check(name);
        return start(...args);
      };
    }
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

  #check(what: string): void {
    // Of the error itself, of this function, and of the one in the place of Node's.
    const caller = new Error().stack?.split('\n')[3] ?? '';
    if (/[\\/]node_modules[\\/]esbuild[\\/]lib[\\/]/.test(caller)) return;
    const reason = new ReleaseError('OWN_PROCESS', `${what}() was refused: ${startsNothing.text}`, startsNothing);
    this.#told(reason);
    throw reason;
  }
}

/** Also where Node refuses it by itself. */
export const startsNothing = {
  text: 'what another process or thread writes passes no gate, and in a rehearsal nobody would see whether it writes to the target',
  hint: "Do it in a hook (hooks.deploy, hooks.reconcile) or a job of its own; at the top level of a file, move it into the function that needs it. Where a migration has to start it, its up cannot be rehearsed: apply with --rehearsal none, in production with --waive-rehearsal 'why'.",
};
