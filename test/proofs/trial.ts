import type { Db, MongoClient } from 'mongodb';
import { wireProxyTo } from '../setup/wire-proxy.ts';
import { type Disturbance, disturb, drawDisturbance } from './disturbance.ts';
import type { Random } from './random.ts';
import { type Ended, type Folder, makeFolder } from './release-process.ts';
import { differences } from './same.ts';
import type { Shape } from './shapes/index.ts';
import { falsehoods } from './truth.ts';
import { startUsers } from './users.ts';

export const apply = 'migrate --apply --rehearsal none --json --wait 60s';

/** What an undisturbed run leaves behind. */
export interface Reference {
  readonly db: Db;
  /** The commands that it sent from its start on. */
  readonly sent: readonly string[];
  /** From where its migration was heard to go up, which may be a little late. */
  readonly durationMs: number;
}

/**
 * `resumed`: taken up again and brought to its end. `afresh`: undone and run once more. `stopped`: exit code 8, and true.
 * `undisturbed`: over before anything hit it. `wrong` is what must never be.
 */
export type Verdict = 'resumed' | 'afresh' | 'stopped' | 'undisturbed' | 'wrong';

export interface Trial {
  readonly shape: string;
  readonly verdict: Verdict;
  readonly disturbances: readonly string[];
  readonly durationMs: number;
  /** What is wrong, or why it stopped. */
  readonly reasons: readonly string[];
}

export interface TrialOptions {
  readonly users?: boolean;
  /** Lines on what happens, for looking into one trial. */
  readonly tell?: (line: string) => void;
}

export function projectOf(shape: Shape, uri: string): Promise<Folder> {
  const files = Object.entries(shape.files).map(([name, text]) => [
    name.startsWith('/') ? name.slice(1) : `migrations/${name}`,
    text,
  ]);
  return makeFolder(
    { ...Object.fromEntries(files), ...(shape.config !== undefined && { 'mongo-release.yml': shape.config }) },
    { MONGODB_URI: uri },
    { modules: shape.modules },
  );
}

/** Runs a shape once from its beginning to its end in the given, empty database. */
export async function makeReference(shape: Shape, db: Db, uri: string): Promise<Reference> {
  await shape.seed(db);
  await using proxy = await wireProxyTo(uri);
  await using folder = await projectOf(shape, proxy.uri);
  const run = folder.start(apply);
  await run.said('goes up');
  const started = performance.now();
  const ended = await run.ended;
  if (ended.code !== 0) throw new Error(`${shape.name} fails undisturbed:\n${ended.stderr}`);
  return { db, sent: [...proxy.commands], durationMs: performance.now() - started };
}

/** Runs a shape, ends it in the middle, and runs it again until it has come to an end by itself. */
export async function tryShape(
  shape: Shape,
  reference: Reference,
  at: { readonly client: MongoClient; readonly name: string; readonly uri: string },
  random: Random,
  { users = false, tell = () => {} }: TrialOptions = {},
): Promise<Trial> {
  const started = performance.now();
  const db = at.client.db(at.name);
  await shape.seed(db);
  await using proxy = await wireProxyTo(at.uri);
  await using folder = await projectOf(shape, proxy.uri);
  const writing = users && shape.users !== undefined ? startUsers(db, shape.users, 40, random) : undefined;

  const disturbances: Disturbance[] = [];
  const reasons: string[] = [];
  let last: Ended;
  for (;;) {
    // Most are hit once; some also while they are being taken up again.
    const next = disturbances.length === 0 || (disturbances.length < 4 && random.chance(0.25));
    const disturbance = next ? drawDisturbance(reference, random) : undefined;
    tell(`next: ${disturbance?.text ?? 'left alone'}`);
    const run = folder.start(apply);
    if (disturbance !== undefined) disturbances.push(disturbance);
    const hit = disturbance !== undefined && (await disturb(run, proxy, disturbance));
    last = await run.ended;
    await run.gone();
    tell(`${disturbance?.text ?? 'left alone'}${disturbance && !hit ? ' (too late)' : ''}: exit ${last.code}`);
    tell(last.stderr.trimEnd());
    if (!hit) break;
    // The lease of a run that was killed: nobody waits for it here.
    await db
      .collection<{ _id: string }>('_mongo_release.lease')
      .updateOne({ _id: 'lease', owner: { $ne: null } }, { $set: { expiresAt: new Date(0) } });
    if (last.code === 0) break;
  }
  const lost = (await writing?.stop()) ?? [];
  reasons.push(...lost);

  const history = db.collection<{ _id: string; state: string; journal?: { attempt?: number } }>(
    '_mongo_release.history',
  );
  const records = await history.find().toArray();
  let verdict: Verdict;
  if (last.code === 0) {
    reasons.push(...records.filter(({ state }) => state !== 'applied').map(({ _id, state }) => `${_id} is ${state}`));
    const expected = Object.keys(shape.files).filter((name) => !name.startsWith('/')).length;
    if (records.length !== expected) reasons.push(`${records.length} of ${expected} migrations are on record`);
    reasons.push(...(await differences(shape, reference.db, db)));
    const again = records.some(({ journal }) => (journal?.attempt ?? 1) > 1);
    const hit = disturbances.some(({ done }) => done);
    verdict = again ? 'afresh' : hit ? 'resumed' : 'undisturbed';
  } else if (last.code === 8) {
    reasons.push(...(await falsehoods(db, last, folder)));
    verdict = 'stopped';
  } else {
    reasons.push(`exit ${last.code}: ${last.stderr.trim().split('\n').slice(-3).join(' ')}`);
    verdict = 'wrong';
  }
  if (reasons.length > 0) verdict = 'wrong';
  if (verdict === 'stopped') reasons.push(String(last.json?.error?.message ?? last.stderr));
  return {
    shape: shape.name,
    verdict,
    disturbances: disturbances.map(({ text, done }) => (done ? text : `${text} (too late)`)),
    durationMs: Math.round(performance.now() - started),
    reasons,
  };
}
