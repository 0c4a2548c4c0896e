import type { OptionName } from './options.ts';

interface Command {
  readonly summary: string;
  /** As the help shows them: `BACKUP` is needed, `[RELEASE]` is not. */
  readonly arguments: readonly string[];
  readonly options: readonly OptionName[];
  /** Whether it acts on a database. */
  readonly target: boolean;
}

const own = ['debug', 'json', 'summary', 'show-values'] as const satisfies readonly OptionName[];
const common = ['config', 'file', ...own] as const satisfies readonly OptionName[];
const onTarget = ['target', 'uri', 'read-uri', 'database', 'environment'] as const satisfies readonly OptionName[];
const sandbox = ['sandbox-uri', 'mongod'] as const satisfies readonly OptionName[];
/** Of a new backup. */
const taking = ['engine', 'recipient', 'compression', 'consistency'] as const satisfies readonly OptionName[];
const apply = [
  'to',
  'name',
  'phase',
  'plan',
  'digest',
  'backup',
  'wait',
  'rehearsal',
  'waive-rehearsal',
] as const satisfies readonly OptionName[];

export const commands = {
  status: {
    summary: 'Show what is applied, what is pending, and who holds the lease.',
    arguments: [],
    target: true,
    options: [...onTarget, 'migrations-dir', 'check', ...common],
  },
  plan: {
    summary: 'Say what would be applied, its digest, and what speaks against it.',
    arguments: [],
    target: true,
    options: [...onTarget, 'migrations-dir', 'to', 'name', 'phase', 'offline', 'out', 'sarif', ...common],
  },
  migrate: {
    summary: 'Rehearse the pending migrations (default), or apply them.',
    arguments: [],
    target: true,
    options: [
      ...onTarget,
      'migrations-dir',
      'store',
      'identity',
      'dry-run',
      'apply',
      ...apply,
      ...sandbox,
      'release-id',
      ...common,
    ],
  },
  verify: {
    summary: 'Run the probes.',
    arguments: [],
    target: true,
    options: [...onTarget, 'phase', 'release-id', ...common],
  },
  backup: {
    summary: 'Take a backup.',
    arguments: [],
    target: true,
    options: [...onTarget, 'migrations-dir', 'store', ...taking, 'release-id', ...common],
  },
  inspect: {
    summary: 'List the backups, or verify one, or an archive of mongodump, without a server.',
    arguments: ['[BACKUP]'],
    target: false,
    options: ['store', 'identity', ...common],
  },
  restore: {
    summary: 'Bring a backup back, or an archive of mongodump.',
    arguments: ['BACKUP'],
    target: true,
    options: [
      ...onTarget,
      'store',
      'identity',
      'into',
      'only',
      'keep-added',
      'consistency',
      'then-migrate',
      'migrations-dir',
      'rehearsal',
      'waive-rehearsal',
      ...sandbox,
      'wait',
      'yes',
      'erase-cluster',
      'reason',
      'release-id',
      ...common,
    ],
  },
  release: {
    summary: 'Everything: guards, plan, backup, rehearsal, apply, deploy, verify.',
    arguments: [],
    target: true,
    options: [
      ...onTarget,
      'migrations-dir',
      'store',
      'dry-run',
      'apply',
      ...apply,
      'identity',
      ...taking,
      'on-failure',
      ...sandbox,
      'release-id',
      ...common,
    ],
  },
  rollback: {
    summary: 'Take a release back. Without RELEASE the newest one.',
    arguments: ['[RELEASE]'],
    target: true,
    options: [
      ...onTarget,
      'migrations-dir',
      'store',
      'identity',
      'strategy',
      'start-traffic',
      'dry-run',
      'reason',
      'wait',
      'yes',
      'accept-loss',
      'erase-cluster',
      'keep-added',
      ...common,
    ],
  },
  drill: {
    summary: 'Restore the newest backup into a sandbox, bring it up to date, look at it, and time that.',
    arguments: [],
    target: false,
    options: [
      ...(['target', 'database', 'environment'] as const),
      ...(['migrations-dir', 'store', 'identity', 'backup'] as const),
      ...sandbox,
      ...common,
    ],
  },
  audit: {
    summary: 'Everything that is on record of a target, with who, when and why.',
    arguments: [],
    target: true,
    options: [...onTarget, 'store', 'since', 'out', ...common],
  },
  up: {
    summary: 'Apply the pending migrations (migrate --apply).',
    arguments: [],
    target: true,
    options: [...onTarget, 'migrations-dir', 'store', 'identity', ...apply, ...sandbox, 'release-id', ...common],
  },
  down: {
    summary: 'Take the last migration back, or the last N.',
    arguments: ['[N]'],
    target: true,
    options: [...onTarget, 'migrations-dir', 'to', 'block', 'reason', 'wait', 'release-id', ...common],
  },
  init: {
    summary: "Set a project up, in migrate-mongo's form.",
    arguments: [],
    target: false,
    options: ['module', ...own],
  },
  create: {
    summary: 'Write a new migration file.',
    arguments: ['NAME'],
    target: false,
    options: ['migrations-dir', ...common],
  },
  baseline: {
    summary: 'Record a migration as applied without running it.',
    arguments: ['NAME'],
    target: true,
    options: [...onTarget, 'migrations-dir', 'reason', 'wait', 'release-id', ...common],
  },
  unlock: {
    summary: 'Clear the lease of a run that is gone.',
    arguments: [],
    target: true,
    options: [...onTarget, ...common],
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;
