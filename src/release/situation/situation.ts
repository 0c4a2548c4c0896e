import { describeMigrations } from '../../migration/describe.ts';
import { position } from '../../migration/history/position.ts';
import { type MigrationPlan, makePlan } from '../../migration/plan/plan.ts';
import { requirementFindings } from '../../migration/plan/requirements.ts';
import { scanFiles } from '../../migration/source-scan/scan.ts';
import type { HistoryRecord, MigrationFacts, MigrationFile, PlanScope, Position } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { childOptions } from '../child-options.ts';
import { waysOn } from '../half-done/way-on.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import { type Run, targetOf } from '../run.ts';
import { type Code, GatheredCode } from './code.ts';
import { placedIn, sourceRoot } from './place.ts';

/** What stands on disk, what the target has, and what follows from the two. */
export interface Situation {
  readonly files: ReadonlyMap<string, MigrationFile>;
  readonly facts: ReadonlyMap<string, MigrationFacts>;
  /** What loading the files loads. */
  readonly code: Code;
  readonly records: readonly HistoryRecord[];
  readonly position: Position;
  readonly plan: MigrationPlan;
  /** The same without the flags' scope: what a backup's manifest refers to. */
  readonly wholePlan: MigrationPlan;
  /** Whether the changelog of a migrate-mongo project has something for history, or the other way round. */
  readonly changelogDiffers: boolean;
}

/** Reads files and history and makes the plan; nothing is written. `scope` is what the flags narrow it to. */
export async function readSituation(
  run: Run,
  connection: Connection,
  scope: PlanScope = scopeOf(run),
): Promise<Situation> {
  const files = await listFiles(run);
  const { records, differs } = await readRecords(run, connection, files);
  const loaded = new GatheredCode(run, files);
  const unusable = unusableWhere(run, records);
  const facts = await describeMigrations(files, { ...childOptions(run), unusable, onLoaded: loaded.add });
  const applied = new Set(records.filter((record) => record.state === 'applied').map((record) => record._id));
  const sources = await scanFiles(files.filter((file) => !applied.has(file.name)));
  const { journal } = run.invocation.settings.migrations;
  const how = { server: connection.topology.kind, journal };
  const about = {
    files,
    facts,
    records,
    sources,
    waysOn: await waysOn(run, connection, records, files),
    how,
    database: connection.db.databaseName,
    target: targetOf(run).name,
  };
  const planOf = (scope: PlanScope): MigrationPlan => {
    const plan = makePlan({ ...about, scope });
    const findings = [...plan.findings, ...requirementFindings(plan.pending, facts, connection.topology)];
    return { ...plan, findings: findings.map((finding) => placedIn(sourceRoot(run), finding)) };
  };
  return {
    files: new Map(files.map((file) => [file.name, file])),
    facts,
    code: loaded.code,
    records,
    position: position(records),
    plan: planOf(scope),
    wholePlan: planOf({}),
    changelogDiffers: differs,
  };
}

/**
 * Names of what may be broken: what needs nothing of its file, and in a project of migrate-mongo's, which never loads
 * what is applied, all that is: in its old files imports may lead to what is no longer there.
 */
export function unusableWhere(
  { invocation }: Run,
  records: readonly HistoryRecord[],
  needsNothing: (record: HistoryRecord) => boolean = () => false,
): ReadonlySet<string> {
  const may = (record: HistoryRecord) =>
    needsNothing(record) || (invocation.migrateMongo !== undefined && record.state === 'applied');
  return new Set(records.filter(may).map((record) => record._id));
}

export function scopeOf(run: Run): PlanScope {
  const { to, name, phase } = run.invocation.flags;
  return { to, name, phase };
}
