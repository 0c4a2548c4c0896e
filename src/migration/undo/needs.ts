import { type IndexKey, keyIn } from './index-key.ts';
import type { Put } from './put-back.ts';

/** What a document is by now, and the images of it that go back, the newest first. */
export interface Needing {
  readonly now: Uint8Array | undefined;
  readonly puts: readonly Put[];
}

/**
 * In groups, each of which has room without those behind it: documents of one group need one another's unique values, as
 * far as these indexes tell.
 */
export function inOrderOfNeed(documents: readonly Needing[], keys: readonly IndexKey[]): Needing[][] {
  const needs: number[][] = documents.map(() => []);
  for (const key of keys) {
    const having = new Map<string, number>();
    for (const [at, { now }] of documents.entries()) {
      const value = now && keyIn(now, key);
      if (value !== undefined) having.set(value, at);
    }
    for (const [at, { puts }] of documents.entries()) {
      const before = puts.at(-1)?.image.before;
      const value = before && keyIn(before, key);
      const other = value === undefined ? undefined : having.get(value);
      if (other !== undefined && other !== at) needs[at]?.push(other);
    }
  }
  return components(needs).map((group) => group.map((at) => documents[at] as Needing));
}

/**
 * The strongly connected components of a graph, those that others point at first: Tarjan's, with a stack of its own, since
 * a chain may be as long as a transaction.
 * https://en.wikipedia.org/wiki/Tarjan%27s_strongly_connected_components_algorithm
 */
function components(edges: readonly (readonly number[])[]): number[][] {
  const found: number[][] = [];
  const order: number[] = [];
  const lowest: number[] = [];
  const open: number[] = [];
  const isOpen = new Set<number>();
  let count = 0;
  for (const root of edges.keys()) {
    if (order[root] !== undefined) continue;
    const path: { readonly at: number; next: number }[] = [];
    const enter = (at: number) => {
      order[at] = lowest[at] = count++;
      open.push(at);
      isOpen.add(at);
      path.push({ at, next: 0 });
    };
    const lower = (at: number, to: number | undefined) => {
      lowest[at] = Math.min(lowest[at] as number, to as number);
    };
    enter(root);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const { at } = step;
      const to = edges[at]?.[step.next++];
      if (to !== undefined) {
        if (order[to] === undefined) enter(to);
        else if (isOpen.has(to)) lower(at, order[to]);
        continue;
      }
      path.pop();
      const from = path.at(-1);
      if (from !== undefined) lower(from.at, lowest[at]);
      if (lowest[at] !== order[at]) continue;
      const group = open.splice(open.lastIndexOf(at));
      for (const one of group) isOpen.delete(one);
      found.push(group);
    }
  }
  return found;
}
