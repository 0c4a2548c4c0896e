import type { CommandName } from '../config/commands.ts';
import type { ReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import type { Ended, Step } from '../release/result.ts';
import type { Mark } from './story.ts';

interface Headline {
  readonly mark: Mark;
  readonly headline: string;
}

const subjects: Record<CommandName, string> = {
  status: 'Status',
  plan: 'Plan',
  migrate: 'Migration',
  up: 'Migration',
  verify: 'Verification',
  backup: 'Backup',
  inspect: 'Inspection',
  restore: 'Restore',
  release: 'Release',
  rollback: 'Rollback',
  drill: 'Drill',
  audit: 'Audit',
  down: 'Rollback',
  init: 'New project',
  create: 'New migration',
  baseline: 'Baseline',
  unlock: 'Lease',
};

const onNoTarget: ReadonlySet<CommandName> = new Set<CommandName>(['inspect', 'init', 'create', 'drill']);

/** The first line of every report: what it was, how it ended, where. */
export function headlineOf(ended: Ended): Headline {
  const { mark, headline } = ended.error === undefined ? success(ended) : failure(ended, ended.error);
  const { target } = ended;
  if (target === undefined) return { mark, headline };
  const where = target.database === undefined ? target.name : `${target.name} / ${target.database}`;
  return { mark, headline: `${headline} · ${where}` };
}

const needsAttention: Headline = { mark: 'bad', headline: 'Status: the target needs attention' };

function failure(ended: Ended, error: ReleaseError): Headline {
  const { command, outcome } = ended;
  const subject = subjects[command];
  const unfinished = `${subject} not ${wasBegun(ended) ? 'finished' : 'started'}`;
  const seen = command === 'status' && ended.result !== undefined;
  // The exit code says most precisely what failed (contract.md); the outcome says what became of the target.
  switch (error.exitCode) {
    case 3:
      return { mark: 'warning', headline: 'Migrations are pending' };
    case 4:
      return { mark: 'blocked', headline: `${subject}: there are findings` };
    case 6:
      if (command === 'unlock')
        return { mark: 'blocked', headline: 'Lease not cleared: its last sign of life is too young' };
      return { mark: 'blocked', headline: `${unfinished}: the lease is somebody else's` };
    case 9:
      if (command === 'drill') return { mark: 'bad', headline: 'The drill failed' };
      return { mark: 'bad', headline: 'Verification failed; nothing was rolled back' };
    case 10:
      return { mark: 'bad', headline: `${subject}: the way back failed or is incomplete` };
    case 11:
      return { mark: 'bad', headline: `${subject}: the backup cannot be used` };
    case 13:
      return { mark: 'bad', headline: 'Rehearsal failed; the target was not touched' };
    case 14:
      return { mark: 'back', headline: `${subject} failed, and was rolled back` };
    case 130:
      if (outcome === 'failed-dirty')
        return { mark: 'cancelled', headline: `${subject} cancelled half-way; the target needs attention` };
  }
  const ends: Record<Outcome, Headline> = {
    applied: { mark: 'bad', headline: `${subject} failed after it was applied` },
    rehearsed: { mark: 'bad', headline: `${subject} failed after the rehearsal` },
    'nothing-to-do': { mark: 'bad', headline: `${subject} failed` },
    'rolled-back': { mark: 'back', headline: `${subject} failed, and was rolled back` },
    'failed-clean': {
      mark: 'bad',
      headline: `${subject} failed${onNoTarget.has(command) ? '' : '; the target is as it was'}`,
    },
    'failed-dirty': { mark: 'bad', headline: `${subject} failed; the target needs attention` },
    // With a result a look at the target has come to its end, and the error is what it saw.
    blocked: seen ? needsAttention : { mark: 'blocked', headline: unfinished },
    cancelled: { mark: 'cancelled', headline: `${subject} cancelled` },
    unknown: { mark: 'unknown', headline: `${subject} ended, and what became of the target is unknown` },
  };
  return ends[outcome];
}

/** Whether it stopped between two migrations, or within a drill. */
function wasBegun(ended: Ended): boolean {
  const { command, result } = ended;
  if (command === 'drill') return result !== undefined;
  const migrate =
    command === 'release' ? result?.migrate : command === 'migrate' || command === 'up' ? result : undefined;
  return (migrate?.remaining ?? []).length > 0;
}

function isUsersLetIn({ name, state }: Step): boolean {
  return name === 'start-traffic' && state === 'done';
}

function success(ended: Ended): Headline {
  const subject = subjects[ended.command];
  switch (ended.outcome) {
    case 'unknown':
      return { mark: 'unknown', headline: `${subject}: the outcome is unknown` };
    case 'cancelled':
      return { mark: 'cancelled', headline: `${subject} cancelled` };
    case 'blocked':
      return { mark: 'blocked', headline: `${subject} not started` };
    case 'failed-clean':
      return { mark: 'bad', headline: `${subject} failed; the target is as it was` };
    case 'failed-dirty':
      // By --start-traffic, which has done what it was to do.
      if (ended.command === 'rollback' && ended.result?.steps?.some(isUsersLetIn))
        return { mark: 'warning', headline: 'Users are in; the rollback is not complete' };
      return { mark: 'bad', headline: `${subject} failed; the target needs attention` };
  }
  switch (ended.command) {
    case 'status':
      if (ended.result?.attention) return needsAttention;
      return { mark: (ended.result?.pending ?? 0) > 0 ? 'info' : 'good', headline: 'Status' };
    case 'plan':
      return { mark: 'info', headline: 'Plan' };
    case 'verify':
      return ended.result?.probes.length === 0
        ? { mark: 'warning', headline: 'Nothing was verified' }
        : { mark: 'good', headline: 'Verified' };
    case 'backup':
      return { mark: 'good', headline: 'Backup taken' };
    case 'inspect':
      if (ended.result === undefined || !('backup' in ended.result)) return { mark: 'info', headline: 'Backups' };
      if (ended.result.verified) return { mark: 'good', headline: 'The backup is whole' };
      return ended.result.backup.engine === 'atlas'
        ? { mark: 'info', headline: 'Atlas has the snapshot; what is in it was not read' }
        : { mark: 'unknown', headline: 'The backup was not verified' };
    case 'restore':
      return { mark: 'good', headline: 'Restored' };
    case 'drill':
      return { mark: 'good', headline: 'The drill passed' };
    case 'audit':
      return { mark: 'info', headline: 'On record' };
    case 'init':
      return { mark: 'good', headline: 'Project set up' };
    case 'create':
      return { mark: 'good', headline: 'Migration created' };
    case 'baseline':
      return {
        mark: 'good',
        headline: ended.outcome === 'applied' ? 'Recorded as applied' : 'Baseline: nothing to do',
      };
    case 'unlock':
      return { mark: 'good', headline: ended.outcome === 'applied' ? 'Lease cleared' : 'Lease: nobody holds it' };
  }
  const back = ended.command === 'rollback' || ended.command === 'down' ? ended : undefined;
  if (back?.result?.steps?.some(({ state }) => state === 'planned'))
    return { mark: 'info', headline: 'Rollback, as it would go; a dry run changes nothing' };
  // A way back has two cases of this: there is none to go, and it was only asked what it would be.
  const idle = back === undefined ? 'nothing to do' : 'nothing was done';
  const words: Partial<Record<Outcome, string>> = {
    applied: `${subject} applied`,
    rehearsed: `${subject} rehearsed`,
    'rolled-back': 'Rolled back',
    'nothing-to-do': `${subject}: ${idle}`,
  };
  return { mark: ended.outcome === 'rolled-back' ? 'back' : 'good', headline: words[ended.outcome] ?? subject };
}
