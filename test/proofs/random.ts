/** Numbers that follow from a seed, so that what went wrong once can be done again. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** An integer, both ends included. */
  between(least: number, most: number): number;
  chance(share: number): boolean;
  of<T>(list: readonly T[]): T;
}

/** Mulberry32, by Tommy Ettinger, in the public domain. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (share) => next() < share,
    of: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
  };
}
