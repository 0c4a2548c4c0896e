import { randomUUID } from 'node:crypto';
import { endOut } from '../../../../mongo/end-out.ts';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Namespace, Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import type { Step } from './carry-out.ts';
import { isSharded, only, run } from './commands.ts';
import { inDoubt, named } from './doubt.ts';
import { lookAround, maybeSeen } from './found.ts';
import { lookAt, type SeenState } from './look.ts';
import { ordered } from './ordered.ts';
import { moveIn } from './rename.ts';

/** Fields that `listIndexes` adds, or added on older servers, and `createIndexes` refuses. */
const listingOnly: ReadonlySet<string> = new Set(['ns', 'clustered']);

/**
 * `$out`: the collection that it replaces becomes a tombstone, which the stage by itself would destroy. The pipeline
 * writes into a collection aside, made like the old one where there is one, since the stage keeps options and indexes.
 * Its UUID goes on record before it is put in place: the server goes on with the stage when the process dies, and only
 * by that is the migration's collection told from one that others made. Where no images are kept, it runs as it is.
 */
export async function replaceStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const { call } = operation;
  const into = call.also ?? call.namespace;
  const change = begun ?? (await intended(context, operation, into));
  const replaced = maybeSeen(change.replaced);
  if (change.aside === undefined) {
    return {
      change,
      note: replaced?.type === 'collection' ? `The collection ${named(into)} was replaced for good.` : undefined,
      once: true,
      act: () => operation.send(operation.session),
      // What the server refuses to replace has its UUID still; a view has none.
      done: async ({ there }) => {
        const made = replaced === undefined ? there !== undefined : there?.uuid !== replaced.uuid;
        return made ? { result: answerOf(operation) } : undefined;
      },
    };
  }
  const aside = { database: into.database, collection: change.aside };
  const write = async (ready: () => Promise<void>) => {
    await clear(context, aside, ready);
    const empty = replaced === undefined ? undefined : await makeLike(context, aside, replaced, ready);
    let result: T;
    await ready();
    try {
      result = await operation.send(operation.session, writingInto(operation, aside));
    } catch (error) {
      await clear(context, aside, ready).catch(() => {});
      throw error;
    }
    const after = await lookAt(context, aside);
    if (after?.uuid === undefined || after.uuid === empty?.uuid) throw inDoubt(call, 'it wrote nothing');
    return { result, after };
  };
  return {
    change,
    once: true,
    act: async ({ ready, record, displaces }) => {
      let result = answerOf(operation);
      let after = change.after;
      if (after === undefined) {
        ({ result, after } = await write(ready));
        await record({ after });
      }
      const along = { session: undefined, ready, displaces };
      await moveIn(context, aside, into, after.uuid ?? '', replaced?.uuid, along);
      return result;
    },
    done: async ({ there }) => {
      const { after } = change;
      if (after === undefined || (await lookAt(context, aside))?.uuid === after.uuid) return undefined;
      if (there?.uuid !== after.uuid) throw inDoubt(call, `${named(into)} was dropped since`);
      return { result: answerOf(operation) };
    },
  };
}

async function intended(
  context: JournalContext,
  operation: Operation<unknown>,
  into: Namespace,
): Promise<CatalogChange> {
  const { here, there } = await lookAround(context, operation.call.namespace, into);
  const change = { type: 'replace-collection', before: here, to: into, replaced: there } as const;
  if (!context.images || (there !== undefined && (there.type !== 'collection' || there.uuid === undefined))) {
    return change;
  }
  // The server takes none of these, and renames no time series.
  if (into.collection?.startsWith('system.') || (await isSharded(context, into)) || makesSeries(operation))
    return change;
  if (there === undefined) return { ...change, aside: `${context.own.dropped(randomUUID().replaceAll('-', ''))}.new` };
  if ((await context.kinds.of(into)) !== 'plain') return change;
  const tombstone = context.own.dropped(there.uuid ?? '');
  return { ...change, tombstone, aside: `${tombstone}.new` };
}

/** An empty collection with the options and indexes of another one. */
async function makeLike(
  context: JournalContext,
  aside: Namespace,
  { options, indexes }: SeenState,
  ready: () => Promise<void>,
) {
  const { database, collection } = aside;
  const along = { session: undefined, ready };
  await run(context, database, { create: collection, ...Object.fromEntries(ordered(options, context.driver)) }, along);
  const specs = indexes
    .map((index) => ordered(index, context.driver))
    .filter((index) => String(index.get('name')) !== '_id_' && index.get('clustered') === undefined)
    .map((index) => new Map([...index].filter(([key]) => !listingOnly.has(key))));
  if (specs.length > 0) await run(context, database, { createIndexes: collection, indexes: specs }, along);
  return lookAt(context, aside);
}

/** Drops what is there, and what the server still writes there for a process that is gone. */
async function clear(context: JournalContext, namespace: Namespace, ready: () => Promise<void>): Promise<void> {
  await ready();
  await endOut(context.client.db('admin'), namespace);
  const left = await lookAt(context, namespace);
  if (left === undefined) return;
  const command = { drop: namespace.collection, ...(await only(context, left.uuid)) };
  await run(context, namespace.database, command, { session: undefined, ready }).catch((error) => {
    if (serverCode(error) !== serverCodes.NamespaceNotFound) throw error;
  });
}

/** The arguments with another collection as the pipeline's last stage: of a raw command, or a pipeline by itself. */
function writingInto(operation: Operation<unknown>, { database, collection }: Namespace): readonly unknown[] {
  const stage = {
    $out: operation.call.namespace.database === database ? collection : { db: database, coll: collection },
  };
  const [first, ...rest] = operation.args;
  const pipeline = [...pipelineOf(operation).slice(0, -1), stage];
  return [Array.isArray(first) ? pipeline : { ...(first as object), pipeline }, ...rest];
}

function makesSeries(operation: Operation<unknown>): boolean {
  const { $out } = (pipelineOf(operation).at(-1) ?? {}) as { readonly $out?: { readonly timeseries?: unknown } };
  return $out?.timeseries !== undefined;
}

function pipelineOf({ args: [first] }: Operation<unknown>): readonly unknown[] {
  if (Array.isArray(first)) return first;
  return (first as { readonly pipeline?: readonly unknown[] }).pipeline ?? [];
}

function answerOf<T>({ call }: Operation<T>): T {
  if (!call.method.startsWith('command ')) return false as T;
  return { cursor: { firstBatch: [], id: 0, ns: named(call.namespace) }, ok: 1 } as T;
}
