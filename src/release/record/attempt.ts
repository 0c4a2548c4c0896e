import { randomUUID } from 'node:crypto';
import type { ReleaseRecord } from './record.ts';

/** This process's attempt, told from every other: the number of a process comes again. */
export const thisAttempt = randomUUID();

/** What a record is about however often its run is tried; all else is of one attempt, and never of two mixed. */
const lasting = [
  ...([
    '_id',
    'kind',
    'of',
    'target',
    'environment',
    'database',
    'cluster',
    'startedAt',
    'reopenedAt',
    'attempts',
    'attemptsLeftOut',
  ] as const),
  // Where the way back leads to, and how far along it a rollback is.
  ...(['migrations', 'positionBefore', 'backupId', 'erases', 'data', 'keptAside', 'fence', 'traffic'] as const),
  // What it is to come to, however often that is tried.
  'agreed',
] as const;

/** What was on record of a run before another one opened its record again. */
export type ReleaseAttempt = Pick<ReleaseRecord, 'startedAt'> &
  Omit<ReleaseRecord, (typeof lasting)[number] | 'process' | 'hook'>;

/** A document holds 16 MiB, and whatever retries for ever must not fill it. */
const mostAttempts = 100;

/** The fields of a record that are of its latest attempt. */
export function fieldsOfAttempt(record: ReleaseRecord): string[] {
  return Object.keys(record).filter((field) => !lasting.some((one) => one === field));
}

/** The latest attempt of a record, as it goes to the earlier ones. */
export function attemptOf(record: ReleaseRecord): ReleaseAttempt {
  const latest = { ...record, startedAt: record.reopenedAt ?? record.startedAt };
  // Whether its process has ended is of no account any more.
  const own = fieldsOfAttempt(record).filter((field) => field !== 'process' && field !== 'hook');
  const fields = ['startedAt', ...own] as (keyof ReleaseAttempt)[];
  return Object.fromEntries(fields.map((field) => [field, latest[field]])) as unknown as ReleaseAttempt;
}

/** The part of an update that puts an attempt among the earlier ones, the oldest of which make room. */
export function pushed(attempt: ReleaseAttempt, { attempts = [] }: Pick<ReleaseRecord, 'attempts'>) {
  return {
    $push: { attempts: { $each: [attempt], $slice: -mostAttempts } },
    ...(attempts.length >= mostAttempts && { $inc: { attemptsLeftOut: 1 } }),
  };
}
