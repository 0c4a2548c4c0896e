import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import timers from 'node:timers';
import promised from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

type Timed = (...args: unknown[]) => unknown;
type Functions = Record<string, Timed>;

/** A timer that runs: where it was set, and whether it has run out since or does not ask to be waited for. */
interface Running {
  readonly place: string;
  readonly over: () => boolean;
}

/** So many are held before those that have run out are let go. */
const mostHeld = 1000;

/**
 * Watches the timers that files of the project set, their packages' own left out: what one of them does once the
 * migration has returned, nobody waits for, and it is lost when the process ends.
 */
export class Timers {
  #running: Running[] = [];

  /**
   * To be called before code of the project is loaded, which keeps the functions that it finds. They stay watched for the
   * rest of this process; all else about them is as it was.
   */
  constructor() {
    for (const functions of [globalThis, timers] as unknown as Functions[]) {
      for (const name of ['setTimeout', 'setInterval']) {
        this.#replace(functions, name, (timer) => {
          const { _destroyed } = timer as { readonly _destroyed?: boolean };
          return _destroyed === true || !(timer as NodeJS.Timeout).hasRef();
        });
      }
    }
    const settled = new WeakSet<object>();
    this.#replace(promised as unknown as Functions, 'setTimeout', (promise) => settled.has(promise), settled);
    syncBuiltinESMExports();
  }

  /** Only timers that are set from here on count. */
  begin(): void {
    this.#running = [];
  }

  /** Where those were set that still run, as `file.ts:12`; each place once. */
  open(): string[] {
    return [...new Set(this.#running.filter(({ over }) => !over()).map(({ place }) => place))];
  }

  #replace(functions: Functions, name: string, over: (made: object) => boolean, settled?: WeakSet<object>): void {
    const original = functions[name];
    if (original === undefined) return;
    const replaced: Timed = (...args) => {
      const made = original.apply(functions, args) as object;
      const place = placeInProject();
      if (place === undefined) return made;
      if (settled !== undefined) {
        const end = () => void settled.add(made);
        (made as Promise<unknown>).then(end, end);
        if ((args[2] as { readonly ref?: boolean } | undefined)?.ref === false) return made;
      }
      if (this.#running.length >= mostHeld) this.#running = this.#running.filter((timer) => !timer.over());
      this.#running.push({ place, over: () => over(made) });
      return made;
    };
    // `promisify` finds its own version of a function under a symbol.
    Object.defineProperties(replaced, Object.getOwnPropertyDescriptors(original));
    functions[name] = replaced;
  }
}

/** Frames above the one that set the timer: of this file. */
const own = 2;

/** The place that set a timer, where that is a file of the project's own. */
function placeInProject(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = own + 1;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  const frame = stack.split('\n').at(own + 1) ?? '';
  const folders = [`${pathToFileURL(process.cwd()).href}/`, `${process.cwd()}/`];
  if (frame.includes('/node_modules/') || !folders.some((folder) => frame.includes(folder))) return undefined;
  const [, path, line] = /([^\s(]+):(\d+):\d+\)?$/.exec(frame) ?? [];
  return path === undefined ? undefined : `${basename(path)}:${line}`;
}
