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
 * writes into a collection aside that has the options and indexes of the old one, as the stage keeps them, and that is
 * then put in its place. Where there is nothing to keep, or no images are kept, it runs as it is.
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
  const { tombstone } = change;
  if (replaced?.uuid === undefined || tombstone === undefined) {
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
  const old = { ...replaced, uuid: replaced.uuid };
  const aside = { database: into.database, collection: `${tombstone}.new` };
  const buried = async () => (await lookAt(context, { ...into, collection: tombstone }))?.uuid === old.uuid;
  const displaced: string[] = [];
  return {
    change,
    once: true,
    act: async () => {
      let result = answerOf(operation);
      let written = (await buried()) ? await lookAt(context, aside) : undefined;
      if (written === undefined) {
        const empty = await makeAside(context, aside, old);
        try {
          result = await operation.send(operation.session, writingInto(operation, aside));
        } catch (error) {
          await drop(context, aside).catch(() => {});
          throw error;
        }
        written = await lookAt(context, aside);
        if (written === undefined || written.uuid === empty?.uuid) throw inDoubt(call, 'it wrote nothing');
      }
      const along = { session: undefined };
      displaced.push(...(await moveIn(context, aside, into, written.uuid ?? '', old.uuid, along)));
      return result;
    },
    done: async ({ there }) => {
      if (!(await buried()) || (await lookAt(context, aside)) !== undefined) return undefined;
      if (there === undefined) throw inDoubt(call, `${named(into)} was dropped since`);
      return { result: answerOf(operation) };
    },
    otherwise: () => (displaced.length === 0 ? {} : { displaced }),
  };
}

async function intended(
  context: JournalContext,
  { call }: Operation<unknown>,
  into: Namespace,
): Promise<CatalogChange> {
  const { here, there } = await lookAround(context, call.namespace, into);
  const change = { type: 'replace-collection', before: here, to: into, replaced: there } as const;
  if (!context.images || there?.type !== 'collection' || there.uuid === undefined) return change;
  // The server takes none of these.
  if (into.collection?.startsWith('system.') || (await isSharded(context, into))) return change;
  if ((await context.kinds.of(into)) !== 'plain') return change;
  return { ...change, tombstone: context.own.dropped(there.uuid) };
}

/** An empty collection with the options and indexes of another one. */
async function makeAside(context: JournalContext, aside: Namespace, { options, indexes }: SeenState) {
  await drop(context, aside);
  const { database, collection } = aside;
  const along = { session: undefined };
  await run(context, database, { create: collection, ...Object.fromEntries(ordered(options, context.driver)) }, along);
  const specs = indexes
    .map((index) => ordered(index, context.driver))
    .filter((index) => String(index.get('name')) !== '_id_' && index.get('clustered') === undefined)
    .map((index) => new Map([...index].filter(([key]) => !listingOnly.has(key))));
  if (specs.length > 0) await run(context, database, { createIndexes: collection, indexes: specs }, along);
  return lookAt(context, aside);
}

async function drop(context: JournalContext, namespace: Namespace): Promise<void> {
  const left = await lookAt(context, namespace);
  if (left === undefined) return;
  const command = { drop: namespace.collection, ...(await only(context, left.uuid)) };
  await run(context, namespace.database, command, { session: undefined }).catch((error) => {
    if (serverCode(error) !== serverCodes.NamespaceNotFound) throw error;
  });
}

/** The arguments with another collection as the pipeline's last stage: of a raw command, or a pipeline by itself. */
function writingInto({ call, args }: Operation<unknown>, { database, collection }: Namespace): readonly unknown[] {
  const stage = { $out: call.namespace.database === database ? collection : { db: database, coll: collection } };
  const [first, ...rest] = args;
  if (Array.isArray(first)) return [[...first.slice(0, -1), stage], ...rest];
  const { pipeline = [] } = first as { pipeline?: readonly unknown[] };
  return [{ ...(first as object), pipeline: [...pipeline.slice(0, -1), stage] }, ...rest];
}

function answerOf<T>({ call }: Operation<T>): T {
  if (!call.method.startsWith('command ')) return false as T;
  return { cursor: { firstBatch: [], id: 0, ns: named(call.namespace) }, ok: 1 } as T;
}
