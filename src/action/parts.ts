import { type CommandName, commands } from '../config/commands.ts';
import { type Option, type OptionName, options } from '../config/options.ts';

/** What the action's steps can say to later steps; the contract's words. */
export const outputs = {
  outcome:
    'How it ended: applied, rehearsed, nothing-to-do, rolled-back, failed-clean, failed-dirty, blocked, cancelled or unknown.',
  'release-id': 'The release that this belongs to; hand it to the next part.',
  'backup-id': 'The backup that was taken, that stands behind the release, or that was brought back.',
  'plan-digest': 'Names exactly what would be, or was, applied.',
  pending: 'How many migrations are pending then; unknown where no database was asked.',
  applied: 'How many migrations were applied.',
  verified:
    'true when every probe passed, false when one failed, unknown when one could not look or none is configured.',
  'summary-path': 'File that holds the job summary, as Markdown.',
  'sarif-path': 'File that holds the findings, as SARIF.',
  'report-path': 'File that holds the result, as JSON.',
} as const;

export type OutputName = keyof typeof outputs;

/** An input of the action that is no flag. */
interface OwnInput {
  readonly help: string;
  readonly default?: string;
}

interface PartSettings {
  readonly command: CommandName;
  readonly name: string;
  readonly description: string;
  readonly own: Readonly<Record<string, OwnInput>>;
  readonly outputs: readonly OutputName[];
}

export const modes = ['dry-run', 'apply'] as const;

const workingDirectory: OwnInput = {
  help: 'Folder to work in, relative to the workspace: where mongo-release.yml and relative paths start from.',
  default: '.',
};

/** The steps that the composite action is made of; each is an action of its own as well. */
export const parts = {
  plan: {
    command: 'plan',
    name: 'MongoDB release: plan',
    description: 'Says which migrations are pending, and what speaks against applying them. Reads only.',
    own: {
      'working-directory': workingDirectory,
      'release-inputs': {
        help: 'All inputs of the composite action, as JSON: they are checked before the first thing is done.',
      },
    },
    outputs: ['outcome', 'plan-digest', 'pending', 'summary-path', 'sarif-path', 'report-path'],
  },
  backup: {
    command: 'backup',
    name: 'MongoDB release: backup',
    description: 'Takes a backup of a MongoDB database at one point in time.',
    own: { 'working-directory': workingDirectory },
    outputs: ['outcome', 'release-id', 'backup-id', 'summary-path', 'report-path'],
  },
  migrate: {
    command: 'migrate',
    name: 'MongoDB release: migrate',
    description: 'Rehearses the pending migrations in a sandbox, or applies them.',
    own: {
      mode: {
        help: 'dry-run changes nothing: the migrations are rehearsed. apply changes the target.',
        default: 'dry-run',
      },
      'working-directory': workingDirectory,
    },
    outputs: ['outcome', 'release-id', 'backup-id', 'applied', 'pending', 'summary-path', 'report-path'],
  },
  verify: {
    command: 'verify',
    name: 'MongoDB release: verify',
    description: 'Runs the probes that tell whether a release worked.',
    own: { 'working-directory': workingDirectory },
    outputs: ['outcome', 'release-id', 'verified', 'summary-path', 'report-path'],
  },
  rollback: {
    command: 'rollback',
    name: 'MongoDB release: rollback',
    description: 'Takes a release of a MongoDB database back.',
    own: {
      'release-id': { help: 'The release to take back; without it the newest one.' },
      mode: {
        help: 'dry-run says what would be done, and what a restore would lose. apply does it; a restore that would lose writes of users needs their number in accept-loss, and one beside which users may write, without hooks.stop-traffic, its strategy named.',
        default: 'dry-run',
      },
      'working-directory': workingDirectory,
    },
    outputs: ['outcome', 'release-id', 'backup-id', 'verified', 'summary-path', 'report-path'],
  },
  drill: {
    command: 'drill',
    name: 'MongoDB release: drill',
    description: 'Restores the newest backup of a MongoDB database into a sandbox, and says how long that took.',
    own: { 'working-directory': workingDirectory },
    outputs: ['outcome', 'backup-id', 'verified', 'summary-path', 'report-path'],
  },
} as const satisfies Record<string, PartSettings>;

export type Part = keyof typeof parts;

/** Flags that `mode` stands for: apply is always explicit. */
const standInMode: readonly OptionName[] = ['apply', 'dry-run'];

/** The flags of a part's command that are inputs. */
export function flagsOf(part: Part): OptionName[] {
  const settings: PartSettings = parts[part];
  const known: readonly OptionName[] = commands[settings.command].options;
  return known.filter((name) => {
    const option: Option = options[name];
    return !option.terminalOnly && !standInMode.includes(name);
  });
}

export function settingsOf(part: Part): PartSettings {
  return parts[part];
}
