import { readFile } from 'node:fs/promises';
import type { Db } from 'mongodb';
import { changedFields } from '../../migration/journal/changed-fields.ts';
import type { Attempt } from '../../migration/journal/documents.ts';
import type { MigrationEnd } from '../../migration/runner.ts';
import type { MigrationFile } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { describeAll } from '../../report/offending.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { runInSandbox } from '../in-sandbox.ts';
import { namesOf, type Run } from '../run.ts';
import { duplicateKeys } from './duplicate-keys.ts';
import { mixedTypes } from './mixed-types.ts';
import type { Offending } from './result.ts';
import { TimeLeft } from './time-left.ts';
import { unconvertible } from './unconvertible.ts';

const mostTypes = 3;

/** The target has others to serve: what is not found within this is not told. Milliseconds. */
const longestOnTarget = 10_000;

/** In a sandbox, with another run of the migration. */
const longestInSandbox = 600_000;

/** A migration that failed, in a sandbox or on the target. */
export interface FailedRun {
  readonly db: Db;
  readonly own: OwnNames;
  readonly file: MigrationFile;
  readonly attempt: Attempt | undefined;
  readonly end: MigrationEnd;
  /** Ends the search. */
  readonly signal: AbortSignal;
  /** In a sandbox: runs it once more over what is there; whatever becomes of it. */
  readonly again?: () => Promise<unknown>;
}

/** The same as `offendingInSandbox` on the target, as far as it is found in a short time by looking alone. Throws nothing. */
export function offendingOnTarget(failed: Omit<FailedRun, 'again'>): Promise<Offending[]> {
  return offendingWithin(longestOnTarget, failed);
}

/**
 * Which documents a migration failed on, as far as the database tells: those whose keys are equal, the one that it had read
 * last, those whose texts cannot be converted, and those whose fields have another type than the others'. `told`: in
 * sentences with a blank before each, but for what was read last, which its error says itself. Throws nothing: it comes after a failure.
 */
export async function offendingInSandbox(
  run: Run,
  sandbox: Sandbox,
  { db }: Connection,
  { file, attempt, end }: Pick<FailedRun, 'file' | 'attempt' | 'end'>,
): Promise<{ readonly offending: Offending[]; readonly told: string }> {
  const again = () => runInSandbox(run, sandbox, { file, direction: 'up', database: db.databaseName });
  const failed = { db, own: namesOf(run), file, attempt, end, signal: run.signal, again };
  const offending = await offendingWithin(longestInSandbox, failed);
  const told = describeAll(offending.filter(({ kind }) => kind !== 'last-read'));
  return { offending, told: told.map((one) => ` ${one}`).join('') };
}

async function offendingWithin(ms: number, failed: FailedRun): Promise<Offending[]> {
  const { end, db, own, file } = failed;
  const lastRead = end.state === 'failed' ? end.lastRead : undefined;
  const read: Offending[] = lastRead === undefined ? [] : [{ kind: 'last-read', ...lastRead }];
  const time = new TimeLeft(ms, failed.signal);
  try {
    const duplicates = await duplicateKeys(failed, time);
    if (duplicates !== undefined) return [duplicates, ...read];
    const thrown = end.state === 'failed' && end.error.code === 'MIGRATION_FAILED' && isOfTypes(end.serverCode);
    if (!thrown) return read;
    const written = Object.keys(end.effects.byCollection);
    const near = [...new Set([...(lastRead === undefined ? [] : [lastRead.collection]), ...written])];
    const collections = near.length > 0 ? near : await allOf(db, own, time);
    const text = await readFile(file.path, 'utf8');
    if (end.serverCode === conversionFailure) {
      const texts = await unconvertible(db, collections, text, time);
      if (texts.length > 0) return [...read, ...texts.slice(0, mostTypes)];
    }
    const types = await mixedTypes(db, collections, text, time);
    const its = types.length === 0 ? new Set() : await fieldsSet(failed, time);
    return [...read, ...types.filter(({ field }) => !its.has(field)).slice(0, mostTypes)];
  } catch {
    return read;
  }
}

/** What it set itself, some documents have by now. None where that cannot be told. */
async function fieldsSet({ db, own, attempt }: FailedRun, time: TimeLeft): Promise<ReadonlySet<string>> {
  if (attempt === undefined) return new Set();
  try {
    const { fields } = await changedFields(db, own, attempt, time.limits);
    return new Set(fields.filter(({ before }) => before === undefined).map(({ path }) => path));
  } catch {
    return new Set();
  }
}

/**
 * Whether types may be why: what JavaScript makes of them, and what the server's expressions do not take. Those are refused
 * by TypeMismatch, ConversionFailure, and codes from 10,000 on that have no name, beside those of duplicate keys.
 * https://github.com/mongodb/mongo/blob/r6.0.5/src/mongo/base/error_codes.yml
 */
function isOfTypes(serverCode: number | undefined): boolean {
  if (serverCode === undefined || serverCode === 14 || serverCode === conversionFailure) return true;
  return serverCode >= 10_000 && !duplicateCodes.has(serverCode);
}

const conversionFailure = 241;

const duplicateCodes: ReadonlySet<number> = new Set([11000, 11001, 12582]);

async function allOf(db: Db, own: OwnNames, time: TimeLeft): Promise<string[]> {
  const entries = await db.listCollections({ type: 'collection' }, { nameOnly: true, ...time.limits }).toArray();
  return entries.map(({ name }) => name).filter((name) => !own.owns(name) && !name.startsWith('system.'));
}
