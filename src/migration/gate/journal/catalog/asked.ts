import { type AskedIndex, keyText } from '../../../journal/asked-indexes.ts';
import type { Operation } from '../../call.ts';

/**
 * The indexes that `createIndex`, `ensureIndex`, `createIndexes` or the command asks for, under the names that the
 * driver gives them. What neither the driver nor the server would take is left out: nothing is made by it.
 */
export function askedIndexes({ call, args }: Operation<unknown>): AskedIndex[] {
  const [first, options] = args;
  if (call.method.startsWith('command ')) return listed((first as { indexes?: unknown }).indexes);
  if (call.method === 'createIndexes') return listed(first);
  const key = specified(first);
  return [{ name: nameOf(options) ?? defaultName(key), key: keyText(key) }];
}

function listed(specs: unknown): AskedIndex[] {
  if (!Array.isArray(specs)) return [];
  return specs.filter(isObject).map((spec) => {
    const key = fieldsOf((spec as { key?: unknown }).key);
    return { name: nameOf(spec) ?? defaultName(key), key: keyText(key) };
  });
}

type Field = readonly [string, unknown];

/** The forms of `createIndex` (https://www.mongodb.com/docs/drivers/node/current/indexes/): they may be mixed in a list. */
function specified(spec: unknown): Field[] {
  const parts = Array.isArray(spec) && !isPair(spec) ? spec : [spec];
  const key = new Map<string, unknown>();
  for (const part of parts) {
    if (typeof part === 'string') key.set(part, 1);
    else if (Array.isArray(part)) key.set(String(part[0]), part[1] ?? 1);
    else for (const [field, direction] of fieldsOf(part)) key.set(field, direction);
  }
  return [...key];
}

/** A field and its direction, and not two fields. */
function isPair(spec: readonly unknown[]): boolean {
  return spec.length === 2 && (typeof spec[1] === 'number' || directions.has(spec[1]));
}

const directions: ReadonlySet<unknown> = new Set(['2d', '2dsphere', 'text', 'geoHaystack']);

function fieldsOf(key: unknown): Field[] {
  if (key instanceof Map) return [...key].map(([field, direction]) => [String(field), direction]);
  return isObject(key) ? Object.entries(key) : [];
}

function nameOf(options: unknown): string | undefined {
  const name = isObject(options) ? (options as { name?: unknown }).name : undefined;
  return name === undefined || name === null ? undefined : String(name);
}

function defaultName(key: readonly Field[]): string {
  return key.flat().join('_');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
