import { City } from './models/index.ts';

/** Where this database lets the app read places from: all cities by the index, or the old strings too. */
export type Source = 'points' | 'strings';

export interface Readiness {
  readonly source: Source;
  /** From the collection's metadata: cheap, and exact enough for a health check. */
  readonly cities: number;
}

/**
 * Looks at what the database can serve now. Points only when the geo index is there and no city is left without one:
 * half a migration must not make cities disappear. Throws what the driver throws when no server answers.
 */
export async function readiness(): Promise<Readiness> {
  const cities = await City.estimatedDocumentCount();
  const indexes = cities === 0 ? [] : await City.collection.indexes();
  const indexed = indexes.some((index) => index.key.location === '2dsphere');
  const complete = indexed && !(await City.exists({ location: { $exists: false } }));
  return { source: complete ? 'points' : 'strings', cities };
}

/**
 * The same answer for some milliseconds: a migration takes longer than that, and a request should not wait for the
 * look at every city (80 ms for 171,000).
 */
export function rememberSource(forMs: number): () => Promise<Source> {
  let known: { until: number; source: Promise<Source> } | undefined;
  return () => {
    if (known === undefined || Date.now() >= known.until) {
      const source = readiness().then((now) => now.source);
      known = { until: Date.now() + forMs, source };
      source.catch(() => {
        known = undefined;
      });
    }
    return known.source;
  };
}
