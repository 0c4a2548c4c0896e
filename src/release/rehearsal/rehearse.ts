import { runMigration } from '../../migration/runner.ts';
import { sortedFieldsOf, stateReader } from '../../mongo/compare.ts';
import { type Connection, connect } from '../../mongo/connect.ts';
import type { Topology } from '../../mongo/topology.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatBytes } from '../../report/format.ts';
import { describeOffending, describeViolations } from '../../report/offending.ts';
import { majorOf } from '../../sandbox/version.ts';
import type { ProbeResult } from '../../verify/probe.ts';
import { childOptions } from '../child-options.ts';
import { effectsLine } from '../effects-line.ts';
import { journalFor, probeSandbox, sandboxFor } from '../in-sandbox.ts';
import { namesOf, type Run, stopIfCancelled } from '../run.ts';
import type { Situation } from '../situation.ts';
import { notRehearsed, rehearsable } from '../taken-up.ts';
import { turnsOf } from '../turns.ts';
import { probeFailure } from '../verify.ts';
import { offendingDocuments } from './offending.ts';
import type { MigrationSeen, RehearsalResult, RehearsedMigration } from './result.ts';
import { Watch } from './seen.ts';
import { rehearseWayBack } from './way-back.ts';

/** What the sandbox holds before the first migration. */
export interface Filled {
  readonly documents: number;
  /** Of the documents, as BSON. */
  readonly bytes: number;
  /** How many times as many documents the target has in these collections. Default 1. */
  readonly timesAsMany?: (collections: readonly string[]) => number;
}

export interface RehearsalOn {
  readonly level: RehearsalResult['level'];
  /** Brings data of the target into the sandbox. */
  readonly fill: (sandbox: Connection) => Promise<Filled>;
  /** Name of the database: the same in the sandbox, since migrations may name it. */
  readonly database: string;
  /** Of the target: a sandbox address that is a member of it is refused. */
  readonly topology: Topology;
  /** Of the target, where it could be read. */
  readonly oplog?: RehearsalResult['oplog'];
  readonly need?: RehearsalResult['need'];
  /** What a rehearsal on these data does not show, a sentence each. */
  readonly uncovered: readonly string[];
}

/** `error` is there when the rehearsal failed; the result then says how far it got. */
export interface Rehearsed {
  readonly result: RehearsalResult;
  readonly error?: ReleaseError;
}

/**
 * Fills a throw-away replica set with data of the target and runs what is pending there, up to the first migration of which
 * the target has a part. The target is not touched: this does not even have a connection to it.
 *
 * Throws `SANDBOX_UNAVAILABLE`, `SANDBOX_REFUSED`, and what filling it throws; may be repeated.
 */
export async function rehearse(run: Run, situation: Situation, on: RehearsalOn): Promise<Rehearsed> {
  const started = performance.now();
  await using sandbox = await sandboxFor(run, on.topology.serverVersion, [on.topology]);
  run.log.info(`Rehearsing in a sandbox (${sandbox.description}).`);
  await using connection = await connect(sandbox.uri, { database: on.database, secrets: run.secrets });
  const began = performance.now();
  const filled = await on.fill(connection);
  run.log.info(`The data are in the sandbox (${on.level === 'full' ? 'all of them' : 'a sample'}).`, {
    documents: filled.documents,
    durationMs: Math.round(performance.now() - began),
  });
  const own = namesOf(run);
  const state = await stateReader(connection.db, { own, signal: run.signal });
  const start = await state();
  const images = run.invocation.settings.migrations.journal === 'images' && connection.topology.kind !== 'standalone';
  const sorted = images ? undefined : await sortedFieldsOf(connection.db, start, start.keys(), run.signal);
  const names = rehearsable(situation).map(({ name }) => name);
  const missing = names.length < situation.plan.pending.length ? [notRehearsed(situation)] : [];
  const migrations: RehearsedMigration[] = [];
  let probes: readonly ProbeResult[] | undefined;
  const result = (more: Pick<RehearsalResult, 'failed' | 'wayBack'> = {}): RehearsalResult => ({
    level: on.level,
    need: on.need,
    migrations,
    ...more,
    probes,
    oplog: on.oplog,
    serverVersion: sandbox.serverVersion,
    sandbox: sandbox.description,
    restoredDocuments: filled.documents,
    restoredBytes: filled.bytes,
    durationMs: Math.round(performance.now() - started),
    uncovered: [...missing, ...on.uncovered, ...uncovered(on.topology, sandbox.serverVersion)],
  });
  const turns = turnsOf(situation, names);
  for (const { file } of turns) {
    stopIfCancelled(run);
    const log = run.log.with({ migration: file.name, rehearsal: true });
    const journal = await journalFor(run, connection, file.name, migrations.length);
    const watch = await Watch.begin(connection, own);
    const end = await runMigration(
      { file, direction: 'up', uri: sandbox.uri, database: on.database, rehearsal: true, journal },
      { ...childOptions(run), log, signal: run.signal },
    );
    const { durationMs, effects } = end;
    const { name } = file;
    if (end.state === 'done') {
      const seen = await watch.end(journal?.attempt, end);
      for (const violations of seen.violations) log.warn(describeViolations(violations));
      log.info(`Rehearsed ${name}: ${effectsLine(effects)}.`, { durationMs });
      const onTarget = expectedOnTarget({ durationMs, effects, seen }, filled);
      const { oplogBytes = 0 } = onTarget;
      if (on.oplog && oplogBytes > on.oplog.maxBytes / 2)
        log.warn(
          `${name} writes about ${formatBytes(oplogBytes)} to the oplog of the target, which holds ${formatBytes(on.oplog.maxBytes)}: a secondary or a change stream that is behind may not catch up.`,
        );
      migrations.push({ name, durationMs, effects, seen, onTarget });
      continue;
    }
    stopIfCancelled(run);
    const offending = await offendingDocuments({
      ...{ db: connection.db, own, file, attempt: journal?.attempt, end },
      again: () =>
        runMigration(
          { file, direction: 'up', uri: sandbox.uri, database: on.database, rehearsal: true },
          { ...childOptions(run), log, signal: run.signal },
        ),
    });
    // The error says itself what was read last.
    const said = offending.filter(({ kind }) => kind !== 'last-read').map((one) => ` ${describeOffending(one)}`);
    const error = new ReleaseError(
      'REHEARSAL_FAILED',
      `The rehearsal failed in migration ${name}: ${end.error.message} [${end.error.code}]${said.join('')} The rehearsal did not touch the target.`,
      { hint: end.error.hint, cause: end.error },
    );
    return { result: result({ failed: { name, durationMs, effects, offending } }), error };
  }
  probes = await probeSandbox(run, connection, missing.length === 0);
  const seen = probeFailure(probes);
  if (seen !== undefined) {
    const message = `After the migrations, in the sandbox: ${seen.message} The rehearsal did not touch the target.`;
    const hint = 'Correct the migrations or the probe and rehearse again: mongo-release migrate.';
    return { result: result(), error: new ReleaseError('REHEARSAL_FAILED', message, { hint, cause: seen }) };
  }
  if (turns.length === 0) return { result: result() };
  const back = await rehearseWayBack(run, {
    ...{ connection, uri: sandbox.uri, turns, start, sorted, state, migrations, journal: images },
  });
  return { result: result({ wayBack: back.result }), error: back.error };
}

/** What it may take on the target, as far as the number of documents tells. */
function expectedOnTarget(
  { durationMs, effects, seen }: Pick<RehearsedMigration, 'durationMs' | 'effects'> & { readonly seen: MigrationSeen },
  { timesAsMany }: Filled,
): NonNullable<RehearsedMigration['onTarget']> {
  const { oplogBytes } = seen;
  if (timesAsMany === undefined)
    return { durationMs, oplogBytes, basis: 'what it took in the sandbox, on all of the data' };
  const times = timesAsMany(Object.keys(effects.byCollection));
  const basis = `what it took in the sandbox, times ${times.toFixed(1)}: as many more documents the target has`;
  const reckoned = (part: number) => Math.round(part * times);
  return { durationMs: reckoned(durationMs), oplogBytes: oplogBytes && reckoned(oplogBytes), basis };
}

/** What a rehearsal on one machine with one member cannot show. */
function uncovered(target: Topology, sandboxVersion: string): string[] {
  const notes = [
    'Durations on the target: it has other hardware, other load and, where it is a replica set, other members to wait for.',
  ];
  if (majorOf(sandboxVersion) !== majorOf(target.serverVersion)) {
    notes.push(`MongoDB ${target.serverVersion}: the sandbox runs ${sandboxVersion}.`);
  }
  if (target.kind === 'sharded') notes.push('Sharding: the sandbox is one replica set.');
  if (target.kind === 'standalone')
    notes.push('A standalone server: the sandbox is a replica set and has transactions.');
  return notes;
}
