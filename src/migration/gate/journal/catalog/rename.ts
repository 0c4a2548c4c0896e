import { takeName } from '../../../../mongo/take-name.ts';
import { ReleaseError } from '../../../../observe/error.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Namespace, Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { alongOf } from './along.ts';
import type { Fenced, Step } from './carry-out.ts';
import { type Along, isSharded, rename } from './commands.ts';
import { inDoubt, named } from './doubt.ts';
import { type Found, lookAround } from './found.ts';
import { lookAt, type SeenState } from './look.ts';
import { toBury } from './tombstone.ts';

/** An application may make a collection anew each time that its name is free for a moment. */
const mostDisplaced = 50;

/** `rename`, `renameCollection`; what is replaced by it becomes a tombstone. */
export async function renameStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const { call, args, session } = operation;
  const from = call.namespace;
  const to = call.also ?? from;
  const options = alongOf(call.method, args).options as { dropTarget?: unknown } | undefined;
  const drops = options?.dropTarget === true;
  const result = () => operation.catalog?.object?.() ?? ({ ok: 1 } as T);
  const fresh = begun === undefined ? await lookAround(context, from, to) : undefined;
  const change = begun ?? (await intended(context, call, fresh ?? { here: undefined, there: undefined }, drops));
  const { before, replaced, tombstone } = change;
  const swaps = !drops || replaced === undefined || tombstone !== undefined;
  const refuses = replaced?.type !== 'collection' || replaced.uuid === before?.uuid;
  return {
    change,
    note: swaps || refuses ? undefined : `The collection ${named(to)} was replaced for good.`,
    act: async ({ ready, displaces }) => {
      const ours = before?.type === 'collection' && before.uuid !== undefined && from.database === to.database;
      if (!ours || !swaps || named(from) === named(to)) return operation.send(session);
      const along = { session, options, ready, displaces };
      if (drops) await moveIn(context, from, to, before.uuid ?? '', replaced?.uuid, along);
      else await rename(context, from, to, before.uuid ?? '', along);
      return result();
    },
    done: async ({ here, there }) => {
      // What is not there cannot be renamed, now as then.
      if (before === undefined) return undefined;
      if (here?.type === before.type && here.uuid === before.uuid) return undefined;
      // Into another database it is copied: under another UUID.
      const arrived = from.database === to.database ? there?.uuid === before.uuid : here === undefined;
      if (there !== undefined && arrived) return { result: result() };
      throw inDoubt(call, 'the collection is under neither name');
    },
  };
}

async function intended(
  context: JournalContext,
  { namespace, also }: Operation<unknown>['call'],
  { here, there }: Found,
  drops: boolean,
): Promise<CatalogChange> {
  const change = { type: 'rename-collection', before: here, to: also, replaced: there } as const;
  if (!drops || !context.images || here?.type !== 'collection' || there?.type !== 'collection') return change;
  if (also === undefined || named(namespace) === named(also) || namespace.database !== also.database) return change;
  if (there.uuid === undefined || (await isSharded(context, namespace)) || (await isSharded(context, also))) {
    return change;
  }
  return { ...change, tombstone: context.own.dropped(there.uuid) };
}

/**
 * Puts a collection under a name, and what is there under tombstones first. Goes on where it was interrupted.
 * What was not known of, others have made while the name was free: `displaces` is told before it goes.
 */
export async function moveIn(
  context: JournalContext,
  from: Namespace,
  to: Namespace,
  uuid: string,
  known: string | undefined,
  { displaces, ...along }: Along & Pick<Fenced, 'displaces'>,
): Promise<void> {
  for (let attempt = 1; attempt <= mostDisplaced; attempt += 1) {
    const free = await toFree(context, to, known, { displaces, ...along });
    // Else the second would wait for that behind the first.
    await along.ready?.();
    if (await takeName(free, () => rename(context, from, to, uuid, along))) return;
  }
  throw new ReleaseError(
    'CATALOG_MOVED',
    `${named(to)} was made anew ${mostDisplaced} times, each time that its name was free for a moment for the collection that a migration puts there.`,
    { hint: `Stop what writes to ${named(to)}, then run the command again: it goes on there.` },
  );
}

/** The session is one command's at a time: it is that of the one which takes the name. */
async function toFree(
  context: JournalContext,
  to: Namespace,
  known: string | undefined,
  { displaces, ...along }: Along & Pick<Fenced, 'displaces'>,
): Promise<() => Promise<void>> {
  const present = await lookAt(context, to);
  if (!isCollection(present)) return async () => {};
  const tombstone = context.own.dropped(present.uuid);
  if (present.uuid !== known) await displaces(tombstone);
  const free = await toBury(context, to, present, tombstone, { ...along, options: undefined, session: undefined });
  return () => free(1);
}

function isCollection(state: SeenState | undefined): state is SeenState & { readonly uuid: string } {
  return state?.type === 'collection' && state.uuid !== undefined;
}
