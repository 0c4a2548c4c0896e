import { dataTime, type Manifest } from '../../backup/manifest.ts';
import { restoreInOnePass } from '../../backup/restore.ts';
import { copySample } from '../../backup/sample.ts';
import type { Connection } from '../../mongo/connect.ts';
import { readOplog } from '../../mongo/oplog.ts';
import { unlessRefused } from '../../mongo/server-error.ts';
import { backedUpTarget } from '../backup/backed-up-target.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { restoreProgress } from '../progress.ts';
import { namesOf, type Run } from '../run.ts';
import { GatheredCode } from '../situation/code.ts';
import type { Situation } from '../situation/situation.ts';
import { rehearsalBackup } from './backup.ts';
import { type AskedLevel, describeNeed, fittingLevel, mayNotFit, measureNeed } from './need.ts';
import { keepProof } from './proof.ts';
import { type Filled, type Rehearsed, rehearse } from './rehearse.ts';
import { levelOf, waiverOf } from './rely.ts';
import type { RehearsalNeed } from './result.ts';

/**
 * Rehearses what is pending: on the backup that stands `behind` the apply or a temporary one, or on a sample of the target,
 * where that is asked for or all of it does not fit. One that passed leaves a proof in the store, where there is one.
 *
 * Throws `SANDBOX_TOO_SMALL`, and as `rehearse` does.
 */
export async function rehearsePending(
  run: Run,
  connection: Connection,
  situation: Situation,
  behind: StoredBackup | undefined,
): Promise<Rehearsed> {
  // What is wrong with it is said before the long work, also where it turns out not to be needed.
  waiverOf(run);
  const asked = askedLevel(run);
  const need = await measureNeed(run, connection, situation, behind === undefined);
  run.log.info(describeNeed(need));
  const level = fittingLevel(asked, need);
  if (level !== asked.level) run.log.warn('That does not fit, so a sample is rehearsed, which proves less.');
  else if (level === 'full' && need !== undefined && mayNotFit(need))
    run.log.warn('That fits only where the migrations change few documents: --rehearsal sample needs less.');
  return level === 'full'
    ? inFull(run, connection, situation, { behind, need })
    : onSample(run, connection, situation, { need, fallen: asked.level === 'full' });
}

/** A dry run rehearses whatever the configured level. */
function askedLevel(run: Run): AskedLevel {
  const level = levelOf(run);
  return { level: level === 'none' ? 'full' : level, byFlag: run.invocation.flags.rehearsal !== undefined };
}

async function inFull(
  run: Run,
  connection: Connection,
  situation: Situation,
  { behind, need }: { readonly behind: StoredBackup | undefined; readonly need: RehearsalNeed | undefined },
): Promise<Rehearsed> {
  await using backup = await rehearsalBackup(run, connection, situation, behind);
  const { store, id, identities, uncovered } = backup;
  const manifest = await store.readManifest(id);
  const dataAt = dataTime(manifest).toISOString();
  const loaded = new GatheredCode(run, situation.files.values(), situation.code);
  const rehearsed = await rehearse({ ...run, onLoaded: loaded.add }, situation, {
    ...(await about(connection)),
    ...{ level: 'full', need, uncovered: [...nothingIn(manifest), ...uncovered] },
    backup: { at: dataAt, ...(behind?.id === id && { id }) },
    fill: async (sandbox) => {
      const own = namesOf(run);
      const { log, signal } = run;
      return restoreInOnePass(sandbox, store, id, { own, signal, log, identities, onProgress: restoreProgress(log) });
    },
  });
  const { code } = loaded;
  return keepProof(run, connection, situation, rehearsed, {
    of: manifest.target,
    dataAt,
    backupId: behind && id,
    code,
  });
}

/** Every migration works on that, and the most likely cause is a name that was mistyped. */
function nothingIn(manifest: Manifest): string[] {
  if (manifest.engine === 'atlas' || manifest.namespaces.length > 0) return [];
  return [
    `Anything about data: the server has no collection of yours in database ${manifest.target.database}. Check its name.`,
  ];
}

async function onSample(
  run: Run,
  connection: Connection,
  situation: Situation,
  { need, fallen }: { readonly need: RehearsalNeed | undefined; readonly fallen: boolean },
): Promise<Rehearsed> {
  const documents = run.invocation.settings.rehearsal.sample;
  const dataAt = new Date().toISOString();
  const loaded = new GatheredCode(run, situation.files.values(), situation.code);
  const rehearsed = await rehearse({ ...run, onLoaded: loaded.add }, situation, {
    ...(await about(connection)),
    ...{ level: 'sample', need, uncovered: [...(fallen ? [tooSmall] : []), ...notInSample(documents)] },
    fill: async (sandbox): Promise<Filled> => {
      const taken = await copySample(connection, sandbox.db, { own: namesOf(run), documents, signal: run.signal });
      const timesAsMany = (names: readonly string[]) => {
        const of = (names.length > 0 ? names : [...taken.collections.keys()]).map((name) =>
          taken.collections.get(name),
        );
        const sum = (key: 'source' | 'taken') => of.reduce((total, one) => total + (one?.[key] ?? 0), 0);
        return Math.max(1, sum('taken') === 0 ? 1 : sum('source') / sum('taken'));
      };
      return { documents: taken.documents, bytes: taken.bytes, timesAsMany, cut: taken.cut };
    },
  });
  const of = backedUpTarget(run, connection);
  return keepProof(run, connection, situation, rehearsed, { of, dataAt, code: loaded.code });
}

const tooSmall = 'All of the data, as it is configured: they do not fit on this machine, so a sample was taken.';

function notInSample(documents: number): string[] {
  return [
    `Documents outside of the sample (${documents} of each collection, and those that they mention by an ObjectId or UUID): duplicate keys, mixed types, and what does not fulfil a validator may be among them.`,
    'Whether a backup can be restored: none was.',
    'How long it takes on all of the data: that is reckoned from the number of documents.',
  ];
}

async function about({ db, topology, client }: Connection) {
  const oplog = await readOplog(client).catch(unlessRefused);
  const size = oplog && { maxBytes: oplog.maxBytes, reachMs: oplog.reachMs };
  return { database: db.databaseName, topology, oplog: size };
}
