import { Readable } from 'node:stream';
import { answering, invoke, invokeAsync } from './arguments.ts';
import type { Namespace } from './call.ts';
import type { Override, Wrapping } from './membrane.ts';
import { parseNamespace, shownName } from './names.ts';
import { pipelineCall, writingStage } from './pipeline.ts';
import type { RawCursor, RawSession } from './raw.ts';
import { CursorLogs } from './replay/cursor-logs.ts';
import { copyPlan, planOf, shaping } from './replay/cursor-plan.ts';
import type { Wrappers } from './wrappers.ts';

interface CursorParts {
  readonly namespace?: { readonly db: string; readonly collection?: string } | string;
  readonly pipeline?: unknown;
  readonly session?: RawSession;
}

/** Methods that fetch documents one by one or all at once. */
const fetches = ['next', 'hasNext', 'tryNext', 'toArray'] as const;

/** What the cursor of a writing pipeline gives out. */
const afterWriting = { next: null, hasNext: false, tryNext: null } as const;

/**
 * The gate's part of a cursor. What a cursor gives out is kept for a replay; an aggregation that ends in `$out` or
 * `$merge` is a write at its first fetch; and with a transaction around the migration each fetch takes its turn.
 */
export function cursorWrapping(wrappers: Wrappers): Wrapping {
  const { gate, driver } = wrappers;
  const written = new WeakMap<object, Promise<unknown>>();
  const logs = new CursorLogs(gate, driver);

  const fetch = async (raw: object, name: (typeof fetches)[number], args: unknown[]): Promise<unknown> => {
    const write = writeOf(wrappers, raw);
    if (write === undefined) {
      const logged = logs.of(raw as RawCursor);
      return logged === undefined || logged.direct ? gate.read(() => invokeAsync(raw, name, args)) : logged[name]();
    }
    let begun = written.get(raw);
    if (begun === undefined) {
      // The first fetch runs the whole pipeline, or is answered in its place; its cursor is empty then.
      begun = write().then(() => invokeAsync(raw, 'close', []));
      written.set(raw, begun);
    }
    await begun;
    return name === 'toArray' ? [] : afterWriting[name];
  };

  const given = (raw: object, document: unknown) => {
    if (document !== null) gate.lastRead = { namespace: sourceOf(raw as CursorParts, gate.database), document };
  };

  /** A long loop: what it gives out is not kept any more, and costs what it costs without us. */
  const direct = (raw: object) => gate.enclosing === undefined && logs.begun(raw as RawCursor)?.direct === true;

  async function* each(raw: object): AsyncGenerator<unknown, void, void> {
    try {
      for (;;) {
        const document = await (direct(raw) ? invokeAsync(raw, 'next', []) : fetch(raw, 'next', []));
        if (document === null) return;
        given(raw, document);
        yield document;
      }
    } finally {
      await invokeAsync(raw, 'close', []);
    }
  }

  const plain = (raw: object) =>
    !gate.followsReads &&
    gate.enclosing === undefined &&
    writeOf(wrappers, raw) === undefined &&
    !logs.wants(raw as RawCursor);
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
      // As far ahead as the driver's own stream reads.
      const stream = Readable.from(each(raw), { objectMode: true, highWaterMark: 1 });
      return transform === undefined ? stream : stream.map(transform);
    },
    [Symbol.asyncIterator]: (raw) => (plain(raw) ? invoke(raw, Symbol.asyncIterator, []) : each(raw)),
    map: (raw, args) => {
      const plan = planOf(raw);
      const [transform] = args;
      if (plan === undefined || typeof transform !== 'function') return invoke(raw, 'map', args);
      plan.transforms.push(transform as (document: unknown) => unknown);
      if (plan.transforms.length === 1) logs.catchDocuments(raw as RawCursor, plan);
      return raw;
    },
    clone: (raw, args) => {
      const clone = invoke(raw, 'clone', args) as RawCursor;
      copyPlan(raw, clone);
      logs.cloned(raw as RawCursor, clone);
      return clone;
    },
    rewind: (raw, args) => {
      logs.rewound(raw as RawCursor);
      return invoke(raw, 'rewind', args);
    },
    bufferedCount: (raw, args) => {
      logs.lookedInto(raw as RawCursor);
      return invoke(raw, 'bufferedCount', args);
    },
    readBufferedDocuments: (raw, args) => {
      logs.lookedInto(raw as RawCursor);
      return invoke(raw, 'readBufferedDocuments', args);
    },
  };
  for (const name of ['count', 'explain']) {
    overrides[name] = (raw, args) =>
      answering(driver.major, args, (args) =>
        logs.asked(raw as RawCursor, name, args, () => invokeAsync(raw, name, args)),
      );
  }
  for (const name of shaping) {
    overrides[name] = (raw, args) => {
      const result = invoke(raw, name, args);
      planOf(raw)?.shape.push([name, ...args]);
      return result;
    };
  }
  for (const name of fetches)
    overrides[name] = (raw, args) =>
      answering(driver.major, args, async (args) => {
        const answer = await fetch(raw, name, args);
        if (name === 'next' || name === 'tryNext') given(raw, answer);
        return answer;
      });
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
      send: (_session, sent) => sendWith(raw, cursor.pipeline, sent?.[0]),
      change: () => ({ other: `${target.stage} ${shownName(target.into, gate.database)}` }),
    });
}

/** Runs the cursor's pipeline, or another one in its place: the driver reads it when it sends it. */
async function sendWith(raw: object, pipeline: unknown, sent: unknown): Promise<unknown> {
  if (sent === undefined || !Array.isArray(pipeline)) return invokeAsync(raw, 'hasNext', []);
  const own: unknown[] = pipeline.splice(0, pipeline.length, ...(sent as unknown[]));
  try {
    return await invokeAsync(raw, 'hasNext', []);
  } finally {
    pipeline.splice(0, pipeline.length, ...own);
  }
}

function sourceOf(cursor: CursorParts, home: string): Namespace {
  const { namespace } = cursor;
  if (namespace === undefined) return { database: home };
  if (typeof namespace === 'string') return parseNamespace(namespace);
  return { database: namespace.db, collection: namespace.collection };
}
