import { BSON, type Collection, type Db, type Document, MongoServerError } from 'mongodb';
import { describeServerError, serverCode, serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Look, Probe, ProbeOf, ProbeResult } from '../probe.ts';

/** Stages that change something, or never end. In sub-pipelines the server itself refuses them. */
const refusedStages = ['$out', '$merge', '$changeStream'];

interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Counts documents of the target, or results of a pipeline, on the primary; counting ends at the first one too many, so
 * `count: 0` on a large collection costs what its first match costs. What comes back from the server is a number only.
 *
 * "None" about a collection that does not exist is `unknown` where there is a filter or a pipeline: it would pass with
 * every misspelt name.
 *
 * Throws `CONFIG_INVALID` when the filter or pipeline is no Extended JSON, when the pipeline writes, and when no count
 * could fail.
 */
export function mongoProbe(settings: ProbeOf<'mongo'>, db: Db | undefined): Probe {
  const { collection: name, filter, aggregate } = settings.mongo;
  const range = rangeOf(settings);
  const pipeline = aggregate === undefined ? undefined : (extended(settings, 'aggregate', aggregate) as Document[]);
  const query = filter === undefined ? {} : (extended(settings, 'filter', filter) as Document);
  checkStages(settings, pipeline);
  const narrowed = pipeline !== undefined || Object.keys(query).length > 0;
  // One beyond the range tells as much as all of them.
  const limit = Number.isFinite(range.max) ? range.max + 1 : range.min;
  return {
    name: settings.name,
    expected: `${describeRange(range)} in ${name}`,
    async look(timeoutMs, signal) {
      if (db === undefined) return { state: 'unknown', seen: 'no database was given', final: true };
      const bound = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const options = { maxTimeMS: Math.max(1, Math.ceil(timeoutMs)), signal: bound };
      try {
        const collection = db.collection(name, { readPreference: 'primary' });
        const count = await (pipeline === undefined
          ? collection.countDocuments(query, { ...options, limit })
          : countResults(collection, pipeline, limit, options));
        const seen = count === 0 ? 'none' : count === limit ? `${count} or more` : String(count);
        const passed = count >= range.min && count <= range.max;
        if (passed && count === 0 && narrowed && !(await exists(db, name, bound)))
          return { state: 'unknown', seen: `there is no collection ${name}` };
        return { state: passed ? 'passed' : 'failed', seen };
      } catch (error) {
        return unseen(error, bound.aborted, timeoutMs);
      }
    },
  };
}

/** What it is where only some of the documents are there, which tell nothing of whether enough of all are; undefined where they do. */
export function unknownInSample(settings: ProbeOf<'mongo'>): ProbeResult | undefined {
  if (rangeOf(settings).min === 0) return undefined;
  const { name, expected } = mongoProbe(settings, undefined);
  const seen = 'not looked at: a sample has not all documents';
  return { name, state: 'unknown', expected, seen, durationMs: 0, attempts: 0 };
}

async function countResults(
  collection: Collection,
  pipeline: readonly Document[],
  limit: number,
  options: { maxTimeMS: number; signal: AbortSignal },
): Promise<number> {
  const [counted] = await collection
    .aggregate<{ n: number }>([...pipeline, { $limit: limit }, { $count: 'n' }], options)
    .toArray();
  return counted?.n ?? 0;
}

async function exists(db: Db, name: string, signal: AbortSignal): Promise<boolean> {
  // authorizedCollections: a user who may only read this one collection is answered too.
  const found = await db.listCollections({ name }, { nameOnly: true, authorizedCollections: true, signal }).toArray();
  return found.length > 0;
}

function unseen(error: unknown, aborted: boolean, timeoutMs: number): Look {
  const late = aborted || serverCode(error) === serverCodes.MaxTimeMSExpired;
  if (late) return { state: 'unknown', seen: `no answer within ${timeoutMs / 1000} s` };
  if (!(error instanceof MongoServerError)) return { state: 'unknown', seen: 'no answer from the server' };
  // What the server refuses, it refuses again, unless it says itself that another try may succeed.
  const final = !error.hasErrorLabel('RetryableError') && !transient(error);
  return { state: 'unknown', seen: describeServerError(error), final };
}

/** Answers of a server that is stepping down, starting or shutting down: `NotPrimaryError` and the like have labels or these codes. */
function transient(error: MongoServerError): boolean {
  // InterruptedAtShutdown, InterruptedDueToReplStateChange, NotWritablePrimary, NotPrimaryNoSecondaryOk,
  // NotPrimaryOrSecondary, PrimarySteppedDown, ShutdownInProgress: the server's error_codes.yml.
  return [11600, 11602, 10107, 13435, 13436, 189, 91].includes(Number(error.code));
}

function rangeOf(settings: ProbeOf<'mongo'>): Range {
  const { count, exists } = settings.mongo;
  if (exists !== undefined) return exists ? { min: 1, max: Number.POSITIVE_INFINITY } : { min: 0, max: 0 };
  if (typeof count === 'number') return { min: count, max: count };
  const range = { min: count?.min ?? 0, max: count?.max ?? Number.POSITIVE_INFINITY };
  if (range.min > range.max)
    throw invalid(
      settings,
      `asks for ${range.min} or more and ${range.max} or fewer`,
      'Let min be no greater than max.',
    );
  if (range.min === 0 && range.max === Number.POSITIVE_INFINITY)
    throw invalid(settings, 'is content with any count', 'Name a min above 0, or a max.');
  return range;
}

function describeRange({ min, max }: Range): string {
  if (max === 0) return 'none';
  if (min === max) return `exactly ${min}`;
  if (max === Number.POSITIVE_INFINITY) return `${min} or more`;
  return min === 0 ? `${max} or fewer` : `${min} to ${max}`;
}

function extended(settings: ProbeOf<'mongo'>, key: string, value: Document | readonly Document[]): unknown {
  try {
    return BSON.EJSON.deserialize(value as Document);
  } catch (cause) {
    throw invalid(
      settings,
      `has a ${key} that is no Extended JSON`,
      'Write it as {"$oid": "…"}, {"$date": "…"} and so on.',
      cause,
    );
  }
}

function checkStages(settings: ProbeOf<'mongo'>, pipeline: readonly Document[] = []): void {
  for (const stage of pipeline) {
    const refused = Object.keys(stage).find((key) => refusedStages.includes(key));
    if (refused !== undefined)
      throw invalid(
        settings,
        `has the stage ${refused}, and a probe only reads`,
        `Take ${refused} out of the pipeline.`,
      );
  }
}

function invalid(settings: ProbeOf<'mongo'>, what: string, hint: string, cause?: unknown): ReleaseError {
  return new ReleaseError('CONFIG_INVALID', `Probe "${settings.name}" ${what}.`, { hint, cause });
}
