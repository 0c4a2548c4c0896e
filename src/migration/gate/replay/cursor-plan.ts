import type { Namespace } from '../call.ts';
import type { RawCollection, RawCursor, RawSession } from '../raw.ts';

/** How a cursor came about: the call that made it, and the calls that shaped it before its first fetch. */
export interface CursorOrigin {
  readonly method: string;
  readonly namespace: Namespace;
  readonly args: readonly unknown[];
  readonly session: RawSession | undefined;
  /** Where it reads documents of one collection. */
  readonly collection?: RawCollection;
}

type Transform = (document: unknown) => unknown;

/** What is known of a cursor before it is begun: the driver keeps it in other places with each version. */
export class CursorPlan {
  readonly origin: CursorOrigin;
  /** Method and arguments of each call that shaped it. */
  readonly shape: [string, ...unknown[]][] = [];
  readonly transforms: Transform[] = [];

  constructor(origin: CursorOrigin) {
    this.origin = origin;
  }

  copy(): CursorPlan {
    const copy = new CursorPlan(this.origin);
    copy.shape.push(...this.shape);
    copy.transforms.push(...this.transforms);
    return copy;
  }

  /** What makes its fingerprint. */
  get args(): unknown[] {
    return [...this.origin.args, ...this.shape];
  }

  /** The option that is in force: given with the call, or set later. */
  option(name: string): unknown {
    const options = (this.origin.method === 'find' ? this.origin.args[1] : undefined) as
      | Readonly<Record<string, unknown>>
      | null
      | undefined;
    const set = this.shape.findLast(([method]) => method === name);
    return set === undefined ? options?.[name] : set[1];
  }

  flag(name: string): boolean {
    const set = this.shape.findLast(([method, flag]) => method === 'addCursorFlag' && flag === name);
    return set === undefined ? this.option(name) === true : set[2] === true;
  }

  /** For reading its documents again by their ids: what decides on how they look. */
  readOptions(): Record<string, unknown> {
    const given = this.origin.args[1] as Readonly<Record<string, unknown>> | null | undefined;
    return lookOf({ ...given, projection: this.option('project') ?? given?.projection ?? given?.fields });
  }

  async transform(document: unknown): Promise<unknown> {
    let value = document;
    for (const transform of this.transforms) value = await transform(value);
    return value;
  }
}

const looks = ['projection', 'promoteValues', 'promoteLongs', 'promoteBuffers', 'bsonRegExp', 'useBigInt64', 'raw'];

/** Of a read's options those that decide on how a document looks. */
export function lookOf(options: unknown): Record<string, unknown> {
  const given = (options ?? {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(looks.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]));
}

/** Methods that shape a cursor before its first fetch. Those that change nothing of what it gives are among them. */
export const shaping = [
  ...['addCursorFlag', 'addQueryModifier', 'allowDiskUse', 'batchSize', 'collation', 'comment', 'filter', 'hint'],
  ...['limit', 'max', 'maxAwaitTimeMS', 'maxTimeMS', 'min', 'project', 'returnKey', 'setReadPreference'],
  ...['showRecordId', 'skip', 'snapshot', 'sort', 'withReadConcern', 'withReadPreference'],
  ...['addStage', 'geoNear', 'group', 'lookup', 'match', 'out', 'redact', 'unwind'],
] as const;

const plans = new WeakMap<object, CursorPlan>();

/** Remembers how a cursor came about. */
export function planned<T>(cursor: T, origin: CursorOrigin): T {
  if (typeof cursor === 'object' && cursor !== null) plans.set(cursor, new CursorPlan(origin));
  return cursor;
}

export function planOf(cursor: RawCursor | object): CursorPlan | undefined {
  return plans.get(cursor);
}

export function copyPlan(from: object, to: object): void {
  const plan = plans.get(from);
  if (plan !== undefined) plans.set(to, plan.copy());
}
