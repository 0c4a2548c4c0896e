import { Readable } from 'node:stream';
import { answering, invoke, invokeAsync } from './arguments.ts';
import type { Namespace } from './call.ts';
import type { Override, Wrapping } from './membrane.ts';
import { parseNamespace, shownName } from './names.ts';
import { pipelineCall, writingStage } from './pipeline.ts';
import type { RawCursor, RawSession } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

interface CursorParts {
  readonly namespace?: { readonly db: string; readonly collection?: string } | string;
  readonly pipeline?: unknown;
  readonly session?: RawSession;
}

/** Methods that fetch documents one by one or all at once. */
const fetches = ['next', 'hasNext', 'tryNext', 'toArray'] as const;

/**
 * The gate's part of a cursor. A cursor that only reads passes as it is; an aggregation that ends in `$out` or `$merge`
 * is a write at its first fetch; and with a transaction around the migration each fetch takes its turn.
 */
export function cursorWrapping(wrappers: Wrappers): Wrapping {
  const { gate, driver } = wrappers;
  const written = new WeakMap<object, Promise<unknown>>();

  const fetch = async (raw: object, name: string, args: unknown[]): Promise<unknown> => {
    const write = writeOf(wrappers, raw);
    if (write === undefined) return gate.read(() => invokeAsync(raw, name, args));
    let begun = written.get(raw);
    if (begun === undefined) {
      // The first fetch runs the whole pipeline; its cursor is empty then.
      begun = write();
      written.set(raw, begun);
    }
    await begun;
    return invokeAsync(raw, name, args);
  };

  async function* each(raw: object): AsyncGenerator<unknown, void, void> {
    try {
      for (;;) {
        const document = await fetch(raw, 'next', []);
        if (document === null) return;
        yield document;
      }
    } finally {
      await invokeAsync(raw, 'close', []);
    }
  }

  const plain = (raw: object) => gate.enclosing === undefined && writeOf(wrappers, raw) === undefined;
  const overrides: Record<PropertyKey, Override> = {
    forEach: (raw, args) =>
      answering(driver.major, [...args, ...(args.length > 1 ? [] : [undefined])], async () => {
        if (plain(raw)) return gate.followRead(invokeAsync(raw, 'forEach', args.slice(0, 1)));
        const visit = args[0] as (document: unknown) => unknown;
        for await (const document of each(raw)) if (visit(document) === false) break;
        return undefined;
      }),
    stream: (raw, args) => {
      if (plain(raw)) return invoke(raw, 'stream', args);
      const transform = (args[0] as { transform?: (document: unknown) => unknown } | undefined)?.transform;
      const stream = Readable.from(each(raw));
      return transform === undefined ? stream : stream.map(transform);
    },
    [Symbol.asyncIterator]: (raw) => (plain(raw) ? invoke(raw, Symbol.asyncIterator, []) : each(raw)),
  };
  for (const name of fetches)
    overrides[name] = (raw, args) => answering(driver.major, args, (args) => fetch(raw, name, args));
  return { overrides, first: (raw) => gate.followCursor(raw as RawCursor) };
}

/** Sends the pipeline of a writing aggregation; undefined for every other cursor. */
function writeOf({ gate, driver, writingCursors }: Wrappers, raw: object): (() => Promise<unknown>) | undefined {
  const command = writingCursors.get(raw);
  if (command !== undefined) return command;
  if (!(raw instanceof driver.classes.AggregationCursor)) return undefined;
  const cursor = raw as unknown as CursorParts;
  const from = sourceOf(cursor, gate.database);
  const target = writingStage(cursor.pipeline, from.database);
  if (target === undefined) return undefined;
  return () =>
    gate.perform({
      call: pipelineCall(from, target),
      args: [cursor.pipeline],
      session: cursor.session?.explicit === true ? cursor.session : undefined,
      send: () => invokeAsync(raw, 'hasNext', []),
      change: () => ({ other: `${target.stage} ${shownName(target.into, gate.database)}` }),
    });
}

function sourceOf(cursor: CursorParts, home: string): Namespace {
  const { namespace } = cursor;
  if (namespace === undefined) return { database: home };
  if (typeof namespace === 'string') return parseNamespace(namespace);
  return { database: namespace.db, collection: namespace.collection };
}
