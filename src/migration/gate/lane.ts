/**
 * Lets one through at a time, in the order of arrival. Parallel calls in one transaction fail on the server
 * (ConflictingOperationInProgress), and user code calls in parallel.
 */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  pass<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run, run);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
