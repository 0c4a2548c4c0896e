import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { randomFrom } from './random.ts';
import { shapes as allShapes, type Shape } from './shapes/index.ts';
import { makeReference, type Reference, type Trial, type TrialOptions, tryShape, type Verdict } from './trial.ts';

export interface SweepOptions extends TrialOptions {
  /** Connection string of a replica set; names no database. */
  readonly uri: string;
  readonly count: number;
  readonly seed: number;
  readonly shapes?: readonly Shape[];
  /** The trial of this number alone. */
  readonly only?: number;
  /** How many trials run at once. */
  readonly parallel?: number;
  readonly onTrial?: (trial: Trial, number: number) => void;
  /** Databases of wrong trials stay, for looking at them. */
  readonly keep?: boolean;
}

/** Each trial is drawn from the seed and its own number: any of them can be done again alone. */
export async function sweep(options: SweepOptions): Promise<Trial[]> {
  const { uri, count, seed, shapes = allShapes, only, parallel = 2, onTrial, keep = false, ...more } = options;
  await using client = await MongoClient.connect(uri);
  const mark = randomBytes(4).toString('hex');
  const references = new Map<string, Promise<Reference>>();
  const referenceOf = (shape: Shape) => {
    const name = `ref_${mark}_${references.size}`;
    const made = references.get(shape.name) ?? makeReference(shape, client.db(name), withDatabase(uri, name));
    references.set(shape.name, made);
    return made;
  };
  const trials: Trial[] = [];
  let next = 0;
  const work = async () => {
    for (let number = next++; number < count; number = next++) {
      if (only !== undefined && number !== only) continue;
      const shape = shapes[number % shapes.length] as Shape;
      const name = `try_${mark}_${number}`;
      const at = { client, name, uri: withDatabase(uri, name) };
      const trial = await tryShape(shape, await referenceOf(shape), at, randomFrom(seed * 7919 + number), more);
      trials.push(trial);
      onTrial?.(trial, number);
      if (!keep || trial.verdict !== 'wrong') await client.db(name).dropDatabase();
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
  } finally {
    for (const made of references.values()) await made.then(({ db }) => db.dropDatabase()).catch(() => {});
  }
  return trials;
}

export function withDatabase(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
}

const verdicts: readonly Verdict[] = ['resumed', 'afresh', 'stopped', 'undisturbed', 'wrong'];

/** One line a shape, and one for all of them. */
export function summarize(trials: readonly Trial[]): string {
  const row = (name: string, of: readonly Trial[]) => {
    const counts = verdicts.map((verdict) => `${verdict} ${of.filter((one) => one.verdict === verdict).length}`);
    return `${name.padEnd(30)} ${String(of.length).padStart(4)} trials: ${counts.join(', ')}`;
  };
  const names = [...new Set(trials.map(({ shape }) => shape))];
  const rows = names.map((name) =>
    row(
      name,
      trials.filter(({ shape }) => shape === name),
    ),
  );
  return [...rows, row('all', trials)].join('\n');
}
