import { environment } from '../guard/guards/environment.ts';
import { privileges } from '../guard/guards/privileges.ts';
import { listed } from '../migration/files/find.ts';
import { type Connection, connect, databaseOf } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { sayForeign } from './backup/backed-up-target.ts';
import { refuseUnguarded } from './guards.ts';
import { needReason } from './reason.ts';
import { OwnRecord } from './record/own-record.ts';
import type { RecordStart } from './record/record.ts';
import { keptUnasked, whatItRemoves } from './restore/added.ts';
import { agree } from './restore/agree.ts';
import { restoreFrom, settleEarlier, tellingOf } from './restore/restore-into.ts';
import { agreeToErase, checkManaged } from './restore/restore-managed.ts';
import { halfDoneIn, type RestoredFrom, type Source, sourceOf } from './restore/restored-from.ts';
import { checkBeforehand, runThatFollows, thenMigrate } from './restore/then-migrate.ts';
import { whatItLoses } from './restore/what-it-loses.ts';
import type { Ended } from './result.ts';
import { aboutTarget, type Run, targetOf } from './run.ts';
import { underLease } from './under-lease.ts';

/** `restore BACKUP` or `restore FILE`: into the target's database, or into another one with `--into`. */
export async function restore(asked: Run): Promise<Ended<'restore'>> {
  needReason(asked, 'a restore');
  const run: Run = { ...asked, into: copyIn(asked) };
  const target = targetOf(run);
  const { flags } = run.invocation;
  const [argument = ''] = run.invocation.arguments;
  await using connection = await connect(target.uri, {
    database: flags.into ?? target.database,
    secrets: run.secrets,
    clientOptions: target.driverOptions,
  });
  await refuseUnguarded(run, connection, [environment]);
  const found = await sourceOf(run, argument).catch((error: unknown) => ({ kind: 'none' as const, error }));
  const records = new OwnRecord(connection, run);
  const start: RecordStart = { kind: 'restore', backupId: argument, migrations: [], reason: flags.reason };
  if (found.kind === 'none') {
    const earlier = await settleEarlier(run, connection, records, start);
    return tellingOf(records, earlier, () => Promise.reject(found.error));
  }
  const source: Source = found;
  const from = source.kind === 'archive' ? source.from : undefined;
  from?.selected(flags.only);
  // What Atlas does needs none of this user's privileges.
  await (source.kind === 'managed'
    ? checkManaged(run, connection, source.manifest)
    : refuseUnguarded(run, connection, [privileges]));
  const behind = from?.stored;
  const follows = flags['then-migrate'] ? runThatFollows(run, connection) : undefined;
  if (follows !== undefined) {
    refuseUnplaced(source);
    await checkBeforehand(follows, connection, behind);
  }
  // Only now: what is finished before a check fails would be restored anew by the next try, over what users wrote since.
  // What the question names is as that leaves it; what Atlas brings back replaces all of it.
  const earlier = from && (await settleEarlier(run, connection, records, start, from));
  const warnings = [...(earlier?.said ?? [])];
  if (behind !== undefined) sayForeign(run, connection, behind.id, behind.of);
  const about = { command: 'restore', target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  const end = async () => follows === undefined && records.close({ outcome: 'applied' });
  const anew = async () => {
    if (source.kind === 'managed') await agreeToErase(run, source.manifest);
    else await agree(run, await questionOf(run, connection, source.from));
    return underLease(run, connection, async (tenure) => {
      await records.start(start);
      const restored = await records.around(() => restoreFrom(run, connection, tenure, source));
      if (source.kind === 'managed') await records.startAgain(start);
      await end();
      return restored;
    });
  };
  // What was only finished takes nothing away that somebody would have to agree to.
  const result = earlier?.result ?? (await tellingOf(records, earlier, anew));
  if (earlier?.result !== undefined) await end();
  const half = result.history === 'set' && source.kind === 'archive' ? halfDoneIn(source.from) : undefined;
  if (half !== undefined) warnings.push(`${half} The restored data have it in part: mongo-release status.`);
  if (result.history === 'unchanged' && flags.only === undefined) warnings.push(unknownPosition(argument));
  const kept = source.kind === 'archive' ? keptUnasked(run, source.from, result.kept) : undefined;
  if (kept !== undefined) warnings.push(kept);
  if (follows === undefined) return { ...about, outcome: 'applied', result, warnings };
  const { result: migrate, error, ...ended } = await thenMigrate(follows, connection, argument, behind);
  const outcome = error === undefined ? 'applied' : ended.outcome;
  await records.close({ outcome, error, followedBy: follows.releaseId });
  return {
    ...about,
    outcome,
    error,
    result: { ...result, migrate },
    warnings: [...warnings, ...(ended.warnings ?? []), ...(migrate?.applied.length ? [takenBackBy(follows)] : [])],
  };
}

async function questionOf(run: Run, connection: Connection, from: RestoredFrom): Promise<string> {
  const { db, topology } = connection;
  const { only, 'then-migrate': migrates } = run.invocation.flags;
  const what = only === undefined ? 'the collections' : listed(only, 20);
  const where = `${db.databaseName} on ${listed(topology.hosts, 3)} (${targetOf(run).environment})`;
  const then = migrates ? ', and apply the migrations after it' : '';
  const rest = (await whatItRemoves(run, connection, from)) || (only === undefined ? '' : ' All others stay.');
  const loses = await whatItLoses(run, connection, from);
  return `Replace ${what} of database ${where} by ${from.words}${then}? ${loses}${rest}`;
}

/** The database that it makes a copy in, and leaves the target's own as it is; undefined where it replaces that. */
function copyIn(run: Run): string | undefined {
  const { database, uri } = targetOf(run);
  const { into } = run.invocation.flags;
  const own = database ?? databaseOf(uri);
  return own === undefined || into === own ? undefined : into;
}

/** What is pending follows from where in history the data are. */
function refuseUnplaced(source: Source): void {
  if (source.kind === 'managed') {
    throw new ReleaseError('USAGE', 'A snapshot of Atlas is restored by Atlas alone, and nothing follows it.', {
      hint: `Restore it without --then-migrate, then type mongo-release migrate.`,
    });
  }
  const half = halfDoneIn(source.from);
  if (half !== undefined) {
    throw new ReleaseError('USAGE', half, {
      hint: 'Restore it without --then-migrate: mongo-release status then says what can be done with that.',
    });
  }
  if (source.from.placement !== undefined) return;
  throw new ReleaseError('USAGE', `${source.from.id} does not say which migrations its data have.`, {
    hint: 'Restore it without --then-migrate; then record what its data have with mongo-release baseline NAME, and type mongo-release migrate.',
  });
}

/** The restore has an id of its own, and cannot be taken back. */
function takenBackBy({ releaseId, into }: Run): string {
  const where = into === undefined ? '' : ` --database ${into}`;
  return `The migrations after it are release ${releaseId}: mongo-release rollback ${releaseId}${where} takes them back.`;
}

function unknownPosition(id: string): string {
  return `${id} does not say which migrations its data have, so the history is left as it was. Compare it with mongo-release status, and record what the data have with mongo-release baseline NAME.`;
}
