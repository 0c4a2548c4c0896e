import { expect } from 'vitest';
import type { Connection } from '../../../src/mongo/connect.ts';
import { uriOf } from '../../setup/mongo.ts';
import { type Stop, wireProxyTo } from '../../setup/wire-proxy.ts';
import { connected } from './journalled.ts';

export class Cut extends Error {}

/**
 * Undoes it, cut off again and again after so many answers of the server, as a kill does it: also between a change and its
 * mark. `answers` says how many there are in each round; comes back with how it ended, and how often it was cut off.
 */
export async function cutOff<R>(
  { client }: Connection,
  answers: (round: number) => number,
  undo: (signal: AbortSignal) => Promise<R>,
): Promise<{ readonly result: R; readonly cuts: number }> {
  for (let round = 0; ; round++) {
    let heard = 0;
    const stop = new AbortController();
    const onAnswer = () => {
      heard += 1;
      if (heard > answers(round)) stop.abort(new Cut());
    };
    client.on('commandSucceeded', onAnswer);
    try {
      return { result: await undo(stop.signal), cuts: round };
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
    } finally {
      client.off('commandSucceeded', onAnswer);
    }
  }
}

/** How many answers: so many more each time, for what is short. */
export const growing = (by: number) => (round: number) => by * (round + 1);
/** Twice as many each time. */
export const doubling = (first: number) => (round: number) => first * 2 ** round;

interface CutAt {
  /** At this message; without, `undo` says when. */
  readonly stop?: Stop;
  /** The process ends with it; else it only loses its connections. */
  readonly kill: boolean;
  /** Done before it is undone once more, where it was killed. */
  readonly between?: () => Promise<unknown>;
}

/** Undoes it, cut off from the server once on its way; and where it is killed by that, once more. */
export async function cutAt<R>(
  database: string,
  { stop, kill, between }: CutAt,
  undo: (connection: Connection, signal: AbortSignal | undefined, cut: () => void) => Promise<R>,
): Promise<R> {
  await using proxy = await wireProxyTo(uriOf(database));
  const process = new AbortController();
  let reached = false;
  const cut = () => {
    if (reached) return;
    reached = true;
    if (kill) process.abort();
    proxy.cut();
  };
  if (stop !== undefined) proxy.stopAt(stop, cut);
  const run = async (signal?: AbortSignal) => {
    await using connection = await connected(proxy);
    return { result: await undo(connection, signal, cut) };
  };
  const first = await run(process.signal).catch((error: unknown) => {
    if (!process.signal.aborted) throw error;
  });
  expect({ reached, ended: first === undefined }).toEqual({ reached: true, ended: kill });
  if (first !== undefined) return first.result;
  await between?.();
  return (await run()).result;
}
