import { listed } from '../../migration/files/find.ts';
import { sortedFieldsOf, stateReader } from '../../mongo/compare.ts';
import { type Connection, connect } from '../../mongo/connect.ts';
import type { Topology } from '../../mongo/topology.ts';
import { ReleaseError } from '../../observe/error.ts';
import { describeViolations } from '../../report/offending.ts';
import { oplogWarning } from '../../report/oplog.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { ProbeResult } from '../../verify/probe.ts';
import { effectsLine } from '../applying/effects-line.ts';
import { notRehearsed, rehearsable } from '../applying/taken-up.ts';
import { turnsOf } from '../applying/turns.ts';
import { askedOf, journalFor, probeSandbox, runInSandbox, sandboxFor, whileThere } from '../in-sandbox.ts';
import { namesOf, type Run, stopIfCancelled } from '../run.ts';
import type { Situation } from '../situation/situation.ts';
import { probeFailure } from '../verify.ts';
import { offendingInSandbox } from './offending.ts';
import { expectedOnTarget } from './on-target.ts';
import type { ProofUsed, RehearsalResult, RehearsedMigration } from './result.ts';
import { Watch } from './seen.ts';
import { cutSentence, uncoveredBy } from './uncovered.ts';
import { rehearseWayBack } from './way-back.ts';

/** What the sandbox holds before the first migration. */
export interface Filled {
  readonly documents: number;
  /** Of the documents, as BSON. */
  readonly bytes: number;
  /** How many times as many documents the target has in these collections. Default 1. */
  readonly timesAsMany?: (collections: readonly string[]) => number;
  /** Collections of which documents are missing that others mention. */
  readonly cut?: readonly string[];
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
  readonly backup?: RehearsalResult['backup'];
  /** What a rehearsal on these data does not show, a sentence each. */
  readonly uncovered: readonly string[];
}

/** `error` is there when the rehearsal failed; the result then says how far it got. */
export interface Rehearsed {
  readonly result: RehearsalResult;
  /** What stands for it, where it was a full one and passed. */
  readonly proof?: ProofUsed;
  readonly error?: ReleaseError;
}

/**
 * Fills a throw-away replica set with data of the target and runs what is pending there, up to the first migration of which
 * the target has a part. The target is not touched: this does not even have a connection to it.
 *
 * Throws `SANDBOX_UNAVAILABLE`, also where that ends in the middle, `SANDBOX_REFUSED`, and what filling it throws; may be
 * repeated.
 */
export async function rehearse(run: Run, situation: Situation, on: RehearsalOn): Promise<Rehearsed> {
  const started = performance.now();
  await using sandbox = await sandboxFor(run, on.topology.serverVersion, [on.topology]);
  run.log.info(`Rehearsing in a sandbox (${sandbox.description}).`);
  return await whileThere(run, sandbox, (run) => rehearseIn(run, sandbox, situation, on, started));
}

async function rehearseIn(
  run: Run,
  sandbox: Sandbox,
  situation: Situation,
  on: RehearsalOn,
  started: number,
): Promise<Rehearsed> {
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
  const result = (more: Pick<RehearsalResult, 'failed' | 'remaining' | 'wayBack'> = {}): RehearsalResult => ({
    level: on.level,
    need: on.need,
    backup: on.backup,
    migrations,
    ...more,
    probes,
    oplog: on.oplog,
    serverVersion: sandbox.serverVersion,
    sandbox: sandbox.description,
    restoredDocuments: filled.documents,
    restoredBytes: filled.bytes,
    durationMs: Math.round(performance.now() - started),
    uncovered: [...missing, ...on.uncovered, ...uncoveredBy({ situation, names, on, filled, sandbox })],
  });
  const turns = turnsOf(situation, names);
  // What a way back is verified by is asked where it leads.
  const before = turns.length === 0 ? [] : await probeSandbox(run, connection, 'before-deploy', on.level);
  const unverifiable = notAfterWayBack(askedOf(before));
  if (unverifiable !== undefined) run.log.warn(unverifiable.message);
  // Where nothing shuts users out, a rollback that its probes stop is no more than one that somebody has to look at.
  const stops = run.invocation.settings.hooks['stop-traffic'] === undefined ? undefined : unverifiable;
  for (const { file } of turns) {
    stopIfCancelled(run);
    const log = run.log.with({ migration: file.name, rehearsal: true });
    const journal = await journalFor(run, connection, file.name, migrations.length);
    const watch = await Watch.begin(connection, own);
    const end = await runInSandbox(run, sandbox, { file, direction: 'up', database: on.database, journal });
    const { durationMs, effects } = end;
    const { name } = file;
    if (end.state === 'done') {
      const seen = await watch.end(journal?.attempt, end);
      for (const violations of seen.violations) log.warn(describeViolations(violations));
      log.info(`Rehearsed ${name}: ${effectsLine(effects)}.`, { durationMs });
      const onTarget = expectedOnTarget({ durationMs, effects, seen }, filled);
      const tight = oplogWarning(name, onTarget, on.oplog);
      if (tight !== undefined) log.warn(tight);
      migrations.push({ name, durationMs, effects, seen, onTarget });
      continue;
    }
    stopIfCancelled(run);
    const attempt = journal?.attempt;
    const { offending, told } = await offendingInSandbox(run, sandbox, connection, { file, attempt, end });
    const remaining = names.slice(names.indexOf(name) + 1);
    const unseen = remaining.length === 0 ? [] : [`Not rehearsed, since they come after it: ${listed(remaining)}.`];
    const said = [...unseen, ...cutSentence(filled)].map((one) => ` ${one}`);
    const error = new ReleaseError(
      'REHEARSAL_FAILED',
      `The rehearsal failed in migration ${name}: ${end.error.message} [${end.error.code}]${told}${said.join('')} The rehearsal did not touch the target.`,
      { hint: end.error.hint, cause: end.error },
    );
    return { result: result({ failed: { name, durationMs, effects, offending }, remaining }), error };
  }
  // Those for after the deploy are of the shape that everything that is pending leads to.
  probes = await probeSandbox(run, connection, missing.length === 0 ? 'after-deploy' : undefined, on.level);
  const seen = probeFailure(askedOf(probes));
  if (seen !== undefined) {
    const message = `After the migrations, in the sandbox: ${seen.message} The rehearsal did not touch the target.`;
    const hint = 'Correct the migrations or the probe and rehearse again: mongo-release migrate.';
    return { result: result(), error: new ReleaseError('REHEARSAL_FAILED', message, { hint, cause: seen }) };
  }
  if (turns.length === 0) return { result: result() };
  const back = await rehearseWayBack(run, {
    ...{ connection, uri: sandbox.uri, turns, start, sorted, state, migrations, journal: images },
  });
  return { result: result({ wayBack: { ...back.result, probes: before } }), error: back.error ?? stops };
}

/** A rollback that its probes stop does not come to its end, and may leave users shut out: no way back is proven by that. */
function notAfterWayBack(before: readonly ProbeResult[]): ReleaseError | undefined {
  const seen = probeFailure(before);
  if (seen === undefined) return undefined;
  return new ReleaseError(
    'REHEARSAL_FAILED',
    `Before the migrations, in the sandbox: ${seen.message} So a rollback, which leads back there, would stop at it. The rehearsal did not touch the target.`,
    {
      hint: 'Where only the new shape can pass that probe, give it phase: after-deploy; otherwise correct the probe or the data. Then rehearse again: mongo-release migrate.',
      cause: seen,
    },
  );
}
