import type { Gate } from './gate.ts';
import type { RawSession } from './raw.ts';

type Method = (...args: never[]) => unknown;

/** Calls a method of the driver's object by name; the wrappers know it only by shape. */
export function invoke(raw: object, name: PropertyKey, args: readonly unknown[]): unknown {
  const method = (raw as Record<PropertyKey, Method>)[name];
  if (typeof method !== 'function') throw new TypeError(`${String(name)} is not a function`);
  return method.apply(raw, args as never[]);
}

/** Calls a method of the driver that answers later; what it throws at once becomes a rejection. */
export async function invokeAsync(raw: object, name: PropertyKey, args: readonly unknown[]): Promise<unknown> {
  return invoke(raw, name, args);
}

/** The arguments with the session in the options, which stand at this index. */
export function withSession(args: readonly unknown[], at: number, session: RawSession | undefined): unknown[] {
  if (session === undefined) return [...args];
  const copy = [...args];
  while (copy.length < at) copy.push(undefined);
  copy[at] = { ...(copy[at] as object | undefined), session };
  return copy;
}

/** The arguments of a read: they join the transaction around the migration unless they name a session. */
export function readArguments(gate: Gate, args: readonly unknown[], at: number): unknown[] {
  const options = args[at] as { session?: unknown } | null | undefined;
  return options?.session === undefined ? withSession(args, at, gate.enclosing) : [...args];
}

type Callback = (error: unknown, result?: unknown) => void;

/** Driver 4 also answers through a callback as last argument; from 5 on a function there is the caller's mistake. */
export function answering(major: number, args: unknown[], run: (args: unknown[]) => Promise<unknown>): unknown {
  const last = args.at(-1);
  if (major >= 5 || typeof last !== 'function') return run(args);
  const callback = last as Callback;
  run(args.slice(0, -1)).then(
    (result) => callback(undefined, result),
    (error) => callback(error),
  );
  return undefined;
}
