import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BackedUpTarget } from '../backup/same-target.ts';
import { parseDuration } from '../config/duration.ts';
import { readHistory } from '../migration/history/history.ts';
import { hasEnded } from '../migration/lease/owner-process.ts';
import { inspectLease } from '../migration/lease/state.ts';
import type { HistoryRecord } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import { renderTrail } from '../report/json.ts';
import { backedUpTarget } from './backup/backed-up-target.ts';
import { storeOf } from './backup/take-backup.ts';
import { type DrillRecord, readDrills } from './drill/record.ts';
import { hasTakenBack } from './record/outcomes.ts';
import type { Presence } from './record/presence.ts';
import { latestBegan, type ReleaseRecord } from './record/record.ts';
import { ReleaseRecords } from './record/records.ts';
import type { Ended } from './result.ts';
import { aboutTarget, namesOf, openTarget, type Run } from './run.ts';

/** A record, with its `_id` as `id`. */
export type AuditEntry =
  | ({
      readonly id: string;
      /** Of one that is `running`: whether its run is still at it, as far as can be seen. */
      readonly presence?: Presence;
      /** The rollback that took it back since its latest attempt: its own record stays as it is. */
      readonly takenBackBy?: string;
    } & Omit<ReleaseRecord, '_id' | 'process' | 'hook'>)
  | DrillRecord;

export interface AuditResult {
  readonly since?: string;
  /** Whether they are among the entries: they are in the store. */
  readonly drills: 'listed' | 'no-store' | 'unreadable';
  /** The newest first. */
  readonly entries: readonly AuditEntry[];
}

/**
 * `audit`: everything that is on record of a target, the newest first: releases, migrations, ways back, restores and
 * baselines from the target itself, drills from the store where one is named. Only reads.
 */
export async function audit(run: Run): Promise<Ended<'audit'>> {
  const { since: asked, out } = run.invocation.flags;
  const since = asked === undefined ? undefined : momentOf(asked);
  await using connection = await openTarget(run, 'read');
  const target = aboutTarget(run, connection);
  const records = await trailOf(run, connection);
  const warnings: string[] = [];
  const { drills, found } = await drillsOf(run, backedUpTarget(run, connection), warnings);
  const entries = [...records, ...found]
    .filter((one) => since === undefined || isSince(one, since))
    .sort((a, b) => timeOf(b.startedAt) - timeOf(a.startedAt));
  const result: AuditResult = { since: since?.toISOString(), drills, entries };
  const ended = { command: 'audit', outcome: 'nothing-to-do', result, target, warnings } as const;
  if (out !== undefined) await writeTrail(resolve(out), renderTrail(run.secrets.scrubTexts(ended)));
  return ended;
}

async function trailOf(run: Run, { db }: Connection): Promise<AuditEntry[]> {
  const records = new ReleaseRecords(db, run);
  const all = await records.all();
  const open = all.filter(({ state }) => state === 'running');
  const seen = await records.look(open.filter(({ kind }) => kind === 'migrate' || kind === 'release'));
  const lease = open.length === 0 ? undefined : await inspectLease(db, namesOf(run));
  const holder = lease?.held === true ? lease.holder?.releaseId : undefined;
  // What is all done under the lease needs no other sign of life.
  for (const record of open.filter(({ kind }) => kind === 'rollback' || kind === 'down')) {
    const { _id, process } = record;
    const over = process !== undefined && hasEnded(process) ? 'gone' : 'silent';
    seen.push({ record, presence: holder === _id ? 'here' : over });
  }
  const cutOff = seen.some(({ presence }) => presence !== 'here');
  const history = cutOff ? await readHistory(db, namesOf(run), { brief: true }) : [];
  const byId = new Map(
    seen.map(({ record, presence }) => [record._id, { record: heardLast(record, history), presence }]),
  );
  const backs = all
    .filter(({ kind }) => kind === 'rollback')
    .sort((a, b) => latestBegan(a).getTime() - latestBegan(b).getTime());
  return all.map((one) => {
    const { record, presence } = byId.get(one._id) ?? { record: one };
    // Which process it was, nobody reads.
    const { _id: id, process, hook, ...entry } = record;
    const takenBackBy = backs.findLast((back) => back.of === id && hasTakenBack(back, one))?._id;
    return {
      id,
      ...entry,
      ...(presence !== undefined && { presence }),
      ...(takenBackBy !== undefined && { takenBackBy }),
    };
  });
}

/** A migration that it has applied is a sign of life, too. */
function heardLast(record: ReleaseRecord, history: readonly HistoryRecord[]): ReleaseRecord {
  const { _id, heard } = record;
  const applied = history.flatMap(({ appliedIn, appliedAt }) => (appliedIn === _id && appliedAt ? [appliedAt] : []));
  const [latest] = applied.sort((a, b) => b.getTime() - a.getTime());
  if (heard === undefined || latest === undefined || latest <= heard.at) return record;
  return { ...record, heard: { ...heard, at: latest } };
}

async function drillsOf(
  run: Run,
  target: BackedUpTarget,
  warnings: string[],
): Promise<{ readonly drills: AuditResult['drills']; readonly found: readonly AuditEntry[] }> {
  if (run.invocation.store === undefined) {
    warnings.push(
      'Drills are on record in the store, and none is named: they are not among these. Name it with --store.',
    );
    return { drills: 'no-store', found: [] };
  }
  try {
    const { drills, damaged } = await readDrills(storeOf(run), target);
    for (const id of damaged)
      warnings.push(`The record of drill ${id} was changed or cut since it was written, and is left out.`);
    return { drills: 'listed', found: drills };
  } catch (thrown) {
    const { code, message } = asReleaseError(thrown);
    warnings.push(`Drills are not among these: ${message} [${code}]`);
    return { drills: 'unreadable', found: [] };
  }
}

/** A day, a moment, or a length of time until now. Throws `USAGE`. */
function momentOf(text: string): Date {
  const length = parseDuration(text);
  const moment =
    length === undefined && /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Date.now() - (length ?? Number.NaN);
  if (Number.isFinite(moment)) return new Date(moment);
  throw new ReleaseError('USAGE', `--since is neither a day nor a length of time: ${text}.`, {
    hint: 'Write --since 2026-03-01, --since 2026-03-01T10:00:00Z, or --since 30d.',
  });
}

/** Also what was begun before, and ended since or not yet. */
function isSince({ startedAt, finishedAt }: AuditEntry, since: Date): boolean {
  return finishedAt === undefined || Math.max(timeOf(startedAt), timeOf(finishedAt)) >= since.getTime();
}

function timeOf(time: Date | string): number {
  return new Date(time).getTime();
}

async function writeTrail(path: string, text: string): Promise<void> {
  await writeFile(path, `${text}\n`).catch((cause: unknown) => {
    throw new ReleaseError('USAGE', `The trail cannot be written to ${path}.`, {
      hint: 'Name a file in a folder that exists and may be written to with --out FILE.',
      cause,
    });
  });
}
