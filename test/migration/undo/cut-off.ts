import type { Connection } from '../../../src/mongo/connect.ts';

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
