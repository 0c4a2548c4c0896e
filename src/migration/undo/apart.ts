/** Images of a pack over which an undo has gone back each by itself: a bit each, the lowest of the first byte for the first. */
export type Apart = Uint8Array;

export function isApart(apart: Apart, index: number): boolean {
  return (((apart[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1;
}

/** With these, too. */
export function withApart(apart: Apart, indexes: readonly number[]): Apart {
  const highest = indexes.reduce((most, index) => Math.max(most, index), 0);
  const bits = new Uint8Array(Math.max(apart.length, (highest >>> 3) + 1));
  bits.set(apart);
  for (const index of indexes) bits[index >>> 3] = (bits[index >>> 3] as number) | (1 << (index & 7));
  return bits;
}
