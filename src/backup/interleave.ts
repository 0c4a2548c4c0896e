/**
 * What several generators give, as it comes: `atOnce` of them are open at the same time, the next one is opened when one
 * ends, and each is asked again only when the consumer has taken what it gave. When one fails, or the consumer stops
 * early, all are closed.
 */
export async function* interleave<T>(generators: Iterable<() => AsyncGenerator<T>>, atOnce: number): AsyncGenerator<T> {
  const waiting = generators[Symbol.iterator]();
  const open = new Map<AsyncGenerator<T>, Promise<Answer<T>>>();
  const ask = (from: AsyncGenerator<T>) => {
    const answer = from.next().then((result) => ({ from, result }));
    // Awaited by the race; when another one fails first, by nobody.
    answer.catch(() => {});
    open.set(from, answer);
  };
  const openNext = () => {
    const { value, done } = waiting.next();
    if (!done) ask(value());
  };
  try {
    for (let n = 0; n < atOnce; n++) openNext();
    while (open.size > 0) {
      const { from, result } = await Promise.race(open.values());
      // Asked last from now on: whoever is quick does not keep the others waiting.
      open.delete(from);
      if (result.done) {
        openNext();
        continue;
      }
      yield result.value;
      ask(from);
    }
  } finally {
    await Promise.all([...open.keys()].map((generator) => generator.return(undefined).catch(() => {})));
  }
}

interface Answer<T> {
  readonly from: AsyncGenerator<T>;
  readonly result: IteratorResult<T>;
}
