import type { Namespace } from './call.ts';
import type { RawCollection, RawSession } from './raw.ts';
import { planned } from './replay/cursor-plan.ts';
import type { ReadCall } from './replay/reads.ts';
import type { Wrappers } from './wrappers.ts';

/** Sends one read of user code, or answers it as in the run that this one takes up; what it gives is kept. */
export function reading<T>({ gate }: Wrappers, call: ReadCall, send: () => Promise<T>): Promise<T> {
  return gate.replay === undefined ? send() : gate.replay.reads.read(call, send);
}

/** A cursor that the driver has just made of this call. */
export function cursorOf<T>(
  { membrane }: Wrappers,
  cursor: T,
  origin: {
    method: string;
    namespace: Namespace;
    args: readonly unknown[];
    options: number;
    collection?: RawCollection;
  },
): T {
  const { method, namespace, args, collection } = origin;
  const session: RawSession | undefined = membrane.sessionOf(args[origin.options]);
  return planned(cursor, { method, namespace, args, session, collection });
}

/** A change stream gives what others write, and when: nothing of that can be given again. */
export function followingChanges({ gate }: Wrappers): void {
  gate.replay?.reads.log.close();
  gate.journal?.context.note('It follows a change stream, so it cannot be taken up again in the middle.');
}
