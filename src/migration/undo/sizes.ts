/** How many documents go into one transaction. */
export interface CommitSizes {
  readonly first: number;
  readonly most: number;
  /** Time alone makes it no smaller than this: a slow server takes as long for the transaction itself. */
  readonly leastForTime: number;
  /** At most, of those that wait for one another's unique values. */
  readonly together: number;
}

export const usualSizes: CommitSizes = { first: 1000, most: 5000, leastForTime: 200, together: 10_000 };

/** Bytes of the images of one transaction at most. */
export const mostBytes = 8_000_000;
