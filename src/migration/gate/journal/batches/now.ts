/**
 * `$$NOW` is one value in one statement. In batches it has to be a date that was recorded: this puts it in.
 * Strings below `$literal` are data and stay.
 */
export function withNow<T>(expression: T, now: Date): T {
  return replaced(expression, now) as T;
}

/** The filter, with the date in its expressions: elsewhere in a filter the string is data. */
export function filterWithNow(filter: object, now: Date): object {
  return inFilter(filter, now) as object;
}

export function mentionsNow(value: unknown): boolean {
  return mentions(value, (inner) => inner === '$$NOW');
}

/** Whether something below matches, keys included; a cheap look that may find data, too. */
export function mentions(value: unknown, matches: (inner: unknown) => boolean): boolean {
  // A circle is the driver's to refuse.
  const seen = new Set<unknown>();
  const look = (inner: unknown): boolean => {
    if (matches(inner)) return true;
    const fields = Array.isArray(inner) ? [...inner.entries()] : fieldsOf(inner);
    if (fields.length === 0 || seen.has(inner)) return false;
    seen.add(inner);
    return fields.some(([key, below]) => matches(key) || look(below));
  };
  return look(value);
}

function replaced(value: unknown, now: Date): unknown {
  if (value === '$$NOW') return now;
  if (Array.isArray(value)) return value.map((inner) => replaced(inner, now));
  const fields = fieldsOf(value);
  if (fields.length === 0) return value;
  return rebuilt(
    value,
    fields.map(([key, inner]) => [key, key === '$literal' ? inner : replaced(inner, now)]),
  );
}

function inFilter(value: unknown, now: Date): unknown {
  if (Array.isArray(value)) return value.map((inner) => inFilter(inner, now));
  const fields = fieldsOf(value);
  if (fields.length === 0) return value;
  const logical = new Set(['$and', '$or', '$nor']);
  return rebuilt(
    value,
    fields.map(([key, inner]) => {
      if (key === '$expr') return [key, replaced(inner, now)];
      return [key, logical.has(key) ? inFilter(inner, now) : inner];
    }),
  );
}

function rebuilt(value: unknown, fields: [string, unknown][]): unknown {
  return value instanceof Map ? new Map(fields) : Object.fromEntries(fields);
}

/** Of plain objects and Maps; values of BSON types are no containers. */
function fieldsOf(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  if (value instanceof Map) return [...value].map(([key, inner]) => [String(key), inner]);
  if ('_bsontype' in value || value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value)) return [];
  return Object.entries(value);
}
