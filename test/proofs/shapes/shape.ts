import type { Db, Document } from 'mongodb';

/**
 * One way in which people write migrations, with data to run it on. What it leaves behind depends on the data alone, but
 * for what `random` names: so the end of a run that was cut off can be held against that of one that was not.
 */
export interface Shape {
  readonly name: string;
  /** Below `migrations/`, and beside it where the name begins with `/`. */
  readonly files: Readonly<Record<string, string>>;
  /** Fills an empty database; always the same. */
  seed(db: Db): Promise<void>;
  /** What differs between two runs: of these collections these fields. */
  readonly random?: Readonly<Record<string, readonly string[]>>;
  /** Needs the packages that are installed here. */
  readonly modules?: boolean;
  /** Lines of its mongo-release.yml. */
  readonly config?: string;
  /** Collections in which users may meanwhile add documents of their own and count up `hits` of what is there. */
  readonly users?: readonly string[];
  /** What no transaction takes and no catalog decides: after a kill it may end with exit code 8, for this reason. */
  readonly doubt?: string;
}

/** Documents with which most shapes begin. Users' own documents have no `kind`. */
export function places(count: number, extra: (n: number) => Document = () => ({})): Document[] {
  return Array.from({ length: count }, (_, n) => ({
    _id: n,
    kind: 'seed',
    name: `Place ${n}`,
    city: `city-${n % 17}`,
    qty: n % 11,
    price: (n * 7) % 13,
    hits: 0,
    ...extra(n),
  })) as unknown as Document[];
}

export const seedPlaces = (count: number, extra?: (n: number) => Document) => async (db: Db) => {
  await db.collection('places').insertMany(places(count, extra));
};

/** A file in migrate-mongo's form, CommonJS. */
export const up = (body: string) => `module.exports = {
  async up(db, client) {
    const places = db.collection('places');
${body}
  },
  async down() {},
};
`;

/** A file of the context form. */
export const define = (
  body: string,
  more = '',
) => `import { defineMigration } from 'mongo-release-action';${more.startsWith('import') ? `\n${more}` : ''}
export default defineMigration({
  ${more.startsWith('import') ? '' : more}
  async up({ db, client, models, session, batch, log, signal }) {
    const places = db.collection('places');
${body}
  },
  async down() {},
});
`;
