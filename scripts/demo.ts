/**
 * A rehearsal that stops what real data do not bear, a whole release, then one that fails and is undone while users go on
 * writing: `npm run demo`.
 *
 * Starts a throw-away replica set, loads cities of GeoNames as the old version of examples/micro-app stored them,
 * and types the commands that a person would type. Leaves nothing running, and removes the folder it works in.
 *
 * About two minutes on two cores. With `-- --all` every city is loaded, 171,075 of them, in about five; with `-- --verbose`
 * everything is shown that the commands print.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import type { Collection } from 'mongodb';
import { seed } from '../examples/micro-app/src/seed.ts';
import { compareDatabases } from '../src/mongo/compare.ts';
import { connect } from '../src/mongo/connect.ts';
import { ownNames } from '../src/mongo/own.ts';
import { Log } from '../src/observe/log.ts';
import { Secrets } from '../src/observe/secrets.ts';
import { sandboxEnvironment } from '../src/sandbox/environment.ts';
import { startSandbox } from '../src/sandbox/start.ts';
import { type Acknowledged, type City, usersAtWork } from './demo-users.ts';

const root = join(import.meta.dirname, '..');
/** From Andorra to Spain, in the order of their codes: the release that fails changes the cities of these two. */
const limit = process.argv.includes('--all') ? undefined : 52_593;
const verbose = process.argv.includes('--verbose');
const begun = performance.now();
const colour = process.stdout.isTTY;
const styled = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const secrets = new Secrets();
const log = new Log(({ level, message }) => level !== 'debug' && console.log(`  ${message}`), secrets);
const number = (value: number) => value.toLocaleString('en');

function heading(text: string): void {
  const at = `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  console.log(`\n${styled(1, `── ${text} `)}${'─'.repeat(Math.max(0, 78 - text.length - at.length))} ${at}`);
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The demo expected this, and it is not so: ${what}`);
  console.log(`  ${styled(32, '✔')} ${what}`);
}

const running: ChildProcess[] = [];
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

interface Typed {
  readonly expected?: number;
  /** Titles of the tables that are shown. */
  readonly show?: readonly string[];
}

/** Types a command, shows the essence of what it prints, and comes back with its JSON document. */
async function type(cwd: string, env: Record<string, string>, words: string, { expected = 0, show = [] }: Typed = {}) {
  console.log(styled(36, `\n$ mongo-release ${words}`));
  const child = spawn(process.execPath, [join(root, 'bin', 'mongo-release.js'), ...words.split(' '), '--json'], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stopping.signal,
  });
  const [json, report] = await Promise.all([textOf(child.stdout), reportOf(child.stderr), once(child, 'close')]);
  for (const part of verbose ? report : essenceOf(report, show)) console.log(`\n${part}`);
  const code = child.exitCode;
  if (code !== expected) {
    throw new Error(`mongo-release ${words} ended with ${code}, not with ${expected}.\n${report.join('\n\n')}`);
  }
  return JSON.parse(json);
}

/** Shows the log as it comes; what stands behind it is the report, in paragraphs. */
async function reportOf(stderr: Readable): Promise<string[]> {
  const report: string[] = [];
  for await (const line of createInterface({ input: stderr })) {
    if (report.length === 0 && line !== '') console.log(line);
    else report.push(line);
  }
  return report
    .join('\n')
    .trim()
    .split(/\n{2,}/);
}

/** How it ended, what to do next, and these tables. */
function essenceOf([ended = '', ...rest]: readonly string[], show: readonly string[]): string[] {
  const shown = rest.filter((part) => /^ {2}→ /m.test(part) || show.some((title) => part.startsWith(`  ${title}`)));
  return [ended, ...shown];
}

/** The example's HTTP service, as a deploy would start it. */
async function serve(app: string, uri: string): Promise<string> {
  const child = spawn(process.execPath, ['src/server.ts'], {
    cwd: app,
    env: { ...process.env, MONGODB_URI: uri, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /port (\d+)/.exec(line)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
  throw new Error('The service did not start.');
}

async function nearMe(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/cities/near?lat=42.5078&lng=1.5211&km=5`);
  const { cities = [] } = (await answer.json()) as { cities?: { name: string; km?: number }[] };
  return cities.map((city) => city.name);
}

async function demo(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'mongo-release-demo-'));
  try {
    heading('A throw-away replica set');
    await using server = await startSandbox({
      environment: sandboxEnvironment(process.env),
      mongod: process.env.MONGO_RELEASE_MONGOD,
      cacheSizeGB: 1,
      log,
      secrets,
      signal: stopping.signal,
    });
    console.log(`  MongoDB ${server.serverVersion}, ${server.description}`);
    await story(work, server.uri);
  } finally {
    for (const child of running) child.kill();
    await rm(work, { recursive: true, force: true });
  }
  heading('Done');
  console.log('  Nothing is left running, and nothing is left on the disk.');
}

/** What the users wrote is there, and of the migration nothing but in the cities that both wrote. */
async function everyWriteIsThere(
  cities: Collection<City>,
  before: Collection<City>,
  { visits, founded, moved, writes, seconds }: Acknowledged,
  rollback: { undo: { documents: number; merged: number }[]; conflicts: { documents: number }[] },
): Promise<void> {
  console.log(`  ${number(writes)} writes of users meanwhile, ${number(Math.round(writes / seconds))} a second`);
  const [undone] = rollback.undo;
  const kept = rollback.conflicts.reduce((sum, { documents }) => sum + documents, 0);
  console.log(
    `  ${number(undone?.documents ?? 0)} cities undone, ${number(undone?.merged ?? 0)} of them with what users wrote kept, ${kept} left as users have them`,
  );
  const now = await cities.find({ visits: { $exists: true } }).toArray();
  const counted = (all: Iterable<number>) => [...all].reduce((sum, one) => sum + one, 0);
  const same = now.length === visits.size && now.every(({ _id, visits: count }) => visits.get(String(_id)) === count);
  expect(same, `all ${number(counted(visits.values()))} visits are there, each at its city`);
  const towns = await cities.countDocuments({ slug: { $in: [...founded] } });
  expect(towns === founded.length, `so are the ${number(towns)} cities that users founded`);
  const rounded = await cities.find({ exactLocation: { $exists: true } }, { projection: { _id: 1 } }).toArray();
  const both = rounded.every(({ _id }) => moved.some((one) => one.equals(_id)));
  expect(
    both && rounded.length === moved.length && kept === moved.length,
    `the ${moved.length} cities that users moved after the migration are as they left them, and their versions in quarantine`,
  );
  const others = { country: { $in: ['AD', 'ES', 'PT'] }, _id: { $nin: [...moved] }, slug: { $nin: [...founded] } };
  const bytes = async (of: Collection<City>) =>
    of
      .find(others, { projection: { visits: 0 }, raw: true })
      .sort({ _id: 1 })
      .toArray() as unknown as Promise<Buffer[]>;
  const [after, start] = [Buffer.concat(await bytes(cities)), Buffer.concat(await bytes(before))];
  expect(after.equals(start), 'every other city is as before the release, byte for byte');
}

/** What works on any data that a developer has at hand. */
const uniqueName = {
  name: '20260831090000-unique-city-name',
  source: `import { defineMigration } from 'mongo-release-action';

export default defineMigration({
  description: 'No two cities of a region share a name',
  async up({ db }) {
    await db.collection('cities').createIndex({ country: 1, admin1: 1, name: 1 }, { unique: true });
  },
  async down({ db }) {
    await db.collection('cities').dropIndex({ country: 1, admin1: 1, name: 1 });
  },
});
`,
};

async function story(work: string, server: string): Promise<void> {
  const app = join(work, 'micro-app');
  // What takes the old texts away, and the probe for that, come one release later, when nothing reads them any more.
  const contract = /20260908\d+-[\w-]+\.ts$/;
  await cp(join(root, 'examples', 'micro-app'), app, { recursive: true, filter: (path) => !contract.test(path) });
  const config = await readFile(join(app, 'mongo-release.yml'), 'utf8');
  const probe = config.indexOf('  - name: no city keeps the old strings');
  await writeFile(join(app, 'mongo-release.yml'), config.slice(0, probe));
  await symlink(join(root, 'node_modules'), join(work, 'node_modules'));
  const uri = server.replace(/\/(\?|$)/, '/shop$1');
  const env: Record<string, string> = { MONGODB_URI: uri, MONGO_RELEASE_TARGET: 'local' };
  const open = (database: string) => connect(server, { database, secrets });
  await using live = await open('shop');

  heading('The old version of examples/micro-app: cities with texts for latitude and longitude');
  const seeded = await seed(uri, { limit });
  console.log(
    `  ${number(seeded.cities.inserted)} cities and ${number(seeded.countries.inserted)} countries of GeoNames`,
  );
  const url = await serve(app, uri);
  env.APP_URL = url;
  console.log(`  the service answers at ${url}`);

  heading('A unique index that works on test data: a rehearsal on the real data stops it');
  await writeFile(join(app, 'migrations', `${uniqueName.name}.ts`), uniqueName.source);
  const refused = await type(app, env, `migrate --name ${uniqueName.name}`, { expected: 13 });
  const [namesakes] = refused.rehearsal.failed.offending;
  expect(
    namesakes.groups.length > 0 && (await live.db.collection('cities').indexes()).length === 1,
    `the rehearsal names cities with the same ${namesakes.fields.join(', ')}, and the database was not touched`,
  );
  await rm(join(app, 'migrations', `${uniqueName.name}.ts`));

  heading('The first release, step by step: places and slugs beside the old texts (expand, migrate)');
  const plan = await type(app, env, `plan`, { show: ['Pending'] });
  expect(plan.pending.length > 0, `${plan.pending.length} migrations are pending`);
  const rehearsed = await type(app, env, `migrate`, { show: ['Rehearsed', 'Rehearsal'] });
  expect(rehearsed.outcome === 'rehearsed', 'the dry run rehearsed all of them, and the ways back, on restored data');
  expect(
    (await live.db.collection('cities').countDocuments({ location: { $exists: true } })) === 0,
    'and did not touch the database',
  );
  const backup = await type(app, env, 'backup');
  const applied = await type(
    app,
    env,
    `migrate --apply --backup ${backup.id} --digest ${plan.digest} --rehearsal none`,
  );
  const modified = applied.applied.reduce(
    (sum: number, one: { effects: { modified: number } }) => sum + one.effects.modified,
    0,
  );
  expect(modified > 100_000, `${number(modified)} documents were modified`);
  await type(app, env, 'verify', { show: ['Probes'] });
  const names = await nearMe(url);
  expect(names.includes('Andorra la Vella'), `near me, 5 km around Andorra la Vella: ${names.join(', ')}`);
  console.log('  The old texts go one release later, when nothing reads them any more (contract): not in this demo.');

  heading('The backup is exact: restored elsewhere, every byte, index and option is equal');
  const after = await type(app, env, 'backup');
  await type(app, env, `restore ${after.id} --into shop_copy --yes`);
  await using copy = await open('shop_copy');
  const compared = await compareDatabases(live.db, copy.db, { own: ownNames() });
  expect(compared.length === 0, `${number(after.documents)} documents in shop and shop_copy are the same`);

  heading('A second release, whose probe fails, while users go on writing');
  await cp(join(app, 'migrations-broken'), join(app, 'migrations'), { recursive: true });
  const cities = live.db.collection<City>('cities');
  const users = await usersAtWork(cities, 'ES');
  const failed = await type(app, env, 'release --apply --on-failure rollback', {
    expected: 14,
    show: ['Steps', 'Undone', 'Left to users'],
  });
  const acknowledged = await users.stop();
  expect(failed.outcome === 'rolled-back', 'the probe failed after the migration, and the release was undone');
  await everyWriteIsThere(cities, copy.db.collection<City>('cities'), acknowledged, failed.rollback);
  expect((await nearMe(url)).includes('Andorra la Vella'), 'and near me works');
  await type(app, env, 'status', { show: ['Warnings'] });
}

try {
  await demo();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
