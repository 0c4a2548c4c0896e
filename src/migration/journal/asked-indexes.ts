/** An index as a call asks for it: only what tells it from those of others. */
export interface AskedIndex {
  readonly name: string;
  /** See `keyText`; absent where the server stores another key than it is told. */
  readonly key?: string;
}

/**
 * One text for equal keys of indexes, whichever driver's number types they have: names of servers before 5.0 may not
 * hold `$`, which a key may have, so no document is kept. Undefined for text indexes, whose key the server makes.
 */
export function keyText(key: Iterable<readonly [string, unknown]>): string | undefined {
  const fields = [...key].map(([field, direction]) => [field, String(direction)]);
  return fields.some(([, direction]) => direction === 'text') ? undefined : JSON.stringify(fields);
}
