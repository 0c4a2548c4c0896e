/** One way to do the same work, with its name. */
export interface Way {
  readonly name: string;
  run(): Promise<unknown>;
  /** How many documents it is about, where that is fewer than the others': rates are compared then. */
  readonly documents?: number;
}

export interface Figures {
  readonly name: string;
  readonly ms: number;
  /** Documents a second. */
  readonly rate: number;
}

/**
 * Runs all ways in turn, round after round, so that whatever else the machine does meets all of them; prints medians
 * and each one's speed beside the first's.
 */
export async function sideBySide(
  ways: readonly [Way, ...Way[]],
  options: {
    readonly documents: number;
    readonly rounds: number;
    readonly before?: () => Promise<unknown>;
  },
): Promise<Figures[]> {
  const times = ways.map(() => [] as number[]);
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, way] of ways.entries()) {
      await options.before?.();
      const started = performance.now();
      await way.run();
      times[index]?.push(performance.now() - started);
    }
  }
  const figures = ways.map(({ name, documents = options.documents }, index) => {
    const ms = median(times[index] ?? []);
    return { name, ms, rate: documents / (ms / 1000) };
  });
  const first = figures[0]?.rate ?? Number.NaN;
  for (const { name, ms, rate } of figures) {
    const perSecond = `${Math.round(rate).toLocaleString('en')}/s`;
    console.log(
      `${name.padEnd(46)} ${ms.toFixed(0).padStart(8)} ms ${perSecond.padStart(12)}  ratio ${(rate / first).toFixed(2)}`,
    );
  }
  console.log();
  return figures;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
