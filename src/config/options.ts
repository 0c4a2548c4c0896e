import { consistencies, engines, environments, rehearsalLevels } from './schema.ts';

/**
 * Every flag, in one table. The command line, the action's inputs, the help, action.yml and the tables of the docs are
 * made from it. An input has the flag's word; `env` is asked where neither flag nor input is given.
 */
export interface Option {
  readonly type: 'text' | 'switch' | 'duration' | 'choice' | 'list';
  readonly choices?: readonly string[];
  /** Of a text: what it has to look like, and what is said of one that does not. */
  readonly form?: { readonly pattern: RegExp; readonly words: string };
  /** What stands for the value in the help. */
  readonly value?: string;
  /** The one letter that stands for it on the command line. */
  readonly short?: string;
  readonly env?: string;
  readonly help: string;
  /** A connection string: added to the secrets before anything else is looked at. */
  readonly secret?: 'uri';
  /** Not an input of the action. */
  readonly terminalOnly?: boolean;
}

export const options = {
  target: {
    type: 'text',
    value: 'NAME',
    env: 'MONGO_RELEASE_TARGET',
    help: 'The target to act on, by its name in the configuration file.',
  },
  uri: {
    type: 'text',
    value: 'URI',
    secret: 'uri',
    help: 'Connection string of the target. Better: MONGODB_URI, or the variable that the configuration names.',
  },
  'read-uri': {
    type: 'text',
    value: 'URI',
    secret: 'uri',
    help: 'Connection string that only reads, for everything but apply, restore and rollback.',
  },
  database: { type: 'text', value: 'NAME', help: "Name of the database; without it the connection string's own." },
  environment: {
    type: 'choice',
    choices: environments,
    help: 'What the target is: production asks for more before it is changed.',
  },
  config: {
    type: 'text',
    value: 'FILE',
    env: 'MONGO_RELEASE_CONFIG',
    help: 'Configuration file. Default mongo-release.yml, where it exists.',
  },
  file: {
    type: 'text',
    value: 'FILE',
    short: 'f',
    terminalOnly: true,
    help: 'Configuration of migrate-mongo. Default migrate-mongo-config.js, where it exists and mongo-release.yml does not.',
  },
  'migrations-dir': { type: 'text', value: 'DIR', help: 'Folder of the migration files. Default migrations.' },
  store: {
    type: 'text',
    value: 'STORE',
    env: 'MONGO_RELEASE_STORE',
    help: 'Where backups are kept: a folder, or s3://BUCKET/PREFIX.',
  },
  recipient: {
    type: 'list',
    value: 'KEY',
    help: 'Encrypt the backup to this public key of age (age1…); may be given several times.',
  },
  identity: {
    type: 'text',
    value: 'FILE',
    terminalOnly: true,
    help: 'File with the identity of age that encrypted backups are read with. Without it MONGO_RELEASE_IDENTITY holds it.',
  },
  'release-id': {
    type: 'text',
    value: 'ID',
    env: 'MONGO_RELEASE_ID',
    help: 'The release that this belongs to; without it a new one.',
  },
  json: { type: 'switch', terminalOnly: true, help: 'Write one JSON document to standard output.' },
  summary: {
    type: 'text',
    value: 'FILE',
    terminalOnly: true,
    help: "Write what is printed to this file, as the Markdown of an action's summary; for a pull request or a chat.",
  },
  debug: { type: 'switch', env: 'RUNNER_DEBUG', help: 'Say more, with the causes of errors.' },
  'show-values': {
    type: 'switch',
    terminalOnly: true,
    help: "Show what migrations print, and their errors' full text. On a terminal only.",
  },
  check: {
    type: 'switch',
    help: 'Exit with 3 when migrations are pending, with 8, 9 or 10 when a release or a rollback did not come to its end.',
  },
  offline: { type: 'switch', help: 'Look at the files only: what is pending is unknown.' },
  out: { type: 'text', value: 'FILE', help: 'Write the plan, or what audit lists, to this file.' },
  since: {
    type: 'text',
    value: 'DATE',
    help: 'Only what happened since this day or moment, such as 2026-03-01, or within this time, such as 30d.',
  },
  sarif: { type: 'text', value: 'FILE', help: 'Write the findings to this file, as SARIF.' },
  'dry-run': { type: 'switch', help: 'Change nothing: rehearse in a sandbox, or say what would be done.' },
  apply: { type: 'switch', help: 'Change the target. Without it nothing is changed.' },
  to: {
    type: 'text',
    value: 'NAME',
    help: 'The last migration that is to be applied; with down, the last that stays.',
  },
  block: {
    type: 'switch',
    short: 'b',
    terminalOnly: true,
    help: 'Everything that was applied together with the last migration.',
  },
  module: {
    type: 'choice',
    choices: ['commonjs', 'esm'],
    short: 'm',
    terminalOnly: true,
    help: 'How the files of the project are written. Default commonjs.',
  },
  name: { type: 'text', value: 'NAME', help: 'This migration alone.' },
  phase: { type: 'choice', choices: ['before-deploy', 'after-deploy'], help: 'Only what belongs to this phase.' },
  plan: { type: 'text', value: 'FILE', help: 'Apply exactly this plan, or refuse.' },
  digest: {
    type: 'text',
    value: 'DIGEST',
    help: 'Apply exactly the plan of this digest (its first 12 characters are enough), or refuse.',
  },
  backup: {
    type: 'text',
    value: 'BACKUP',
    help: 'Rehearse on this backup, and apply only while the history stands where it stood then. With drill: this one instead of the newest.',
  },
  wait: {
    type: 'duration',
    value: 'DURATION',
    help: 'How long to wait for the lease; a release also for another one that deploys. Default 0s.',
  },
  rehearsal: {
    type: 'choice',
    choices: rehearsalLevels,
    help: 'Rehearse before applying: on all of the data, on a sample, or not at all. Default full.',
  },
  'waive-rehearsal': {
    type: 'text',
    value: 'REASON',
    help: 'Apply to production without a full rehearsal, and why, in 10 characters or more; kept in the record.',
  },
  engine: {
    type: 'choice',
    choices: engines,
    help: 'Who takes the backup: this program, mongodump on PATH, or Atlas by a snapshot of the whole cluster. Default built-in.',
  },
  compression: { type: 'choice', choices: ['zstd', 'gzip', 'none'], help: 'Compression of the archive. Default zstd.' },
  consistency: {
    type: 'choice',
    choices: consistencies,
    help: 'All collections as they were at one moment, or each as it was when it was read. Default snapshot; on a standalone server, which has none, per-collection.',
  },
  into: { type: 'text', value: 'DATABASE', help: 'Restore into this database instead of the one that was backed up.' },
  only: { type: 'list', value: 'COLLECTION', help: 'Restore this collection only; may be given several times.' },
  'keep-added': {
    type: 'switch',
    help: 'Keep the collections that the backup does not hold. Default no; yes with an archive of mongodump, which may be of a part of the database.',
  },
  'then-migrate': {
    type: 'switch',
    help: 'Apply what is pending afterwards, as migrate --apply does: an old backup comes to the schema of today.',
  },
  yes: { type: 'switch', help: 'Do not ask: a person has looked, and says yes. Needed where nobody can answer.' },
  'accept-loss': {
    type: 'text',
    value: 'N',
    form: { pattern: /^(\d+|unknown)$/, words: 'is a whole number, such as 120, or unknown.' },
    help: 'How many writes of users a rollback by restore may lose, or unknown. A dry run says how many there are.',
  },
  'erase-cluster': {
    type: 'text',
    value: 'CLUSTER',
    help: 'Name of the cluster of Atlas that may be erased: needed where nobody can answer and the backup is its snapshot.',
  },
  'on-failure': {
    type: 'choice',
    choices: ['stop', 'rollback'],
    help: 'What to do when something fails after the first change. Default stop.',
  },
  strategy: { type: 'choice', choices: ['auto', 'undo', 'down', 'restore'], help: 'The way back. Default auto.' },
  'start-traffic': {
    type: 'switch',
    help: 'Only let users in whom a rollback has shut out. Typed without this, it goes on with what else is left.',
  },
  reason: {
    type: 'text',
    value: 'TEXT',
    help: 'Why; kept in the record. In production restore, rollback and down need it.',
  },
  'sandbox-uri': {
    type: 'text',
    value: 'URI',
    env: 'MONGO_RELEASE_SANDBOX_URI',
    secret: 'uri',
    help: 'An empty, marked MongoDB to rehearse in, instead of one started here.',
  },
  mongod: { type: 'text', value: 'FILE', env: 'MONGO_RELEASE_MONGOD', help: 'The mongod to run sandboxes with.' },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof options;

type ValueOf<O> = O extends { type: 'switch' }
  ? boolean
  : O extends { type: 'duration' }
    ? number
    : O extends { type: 'list' }
      ? readonly string[]
      : O extends { type: 'choice'; choices: readonly (infer C)[] }
        ? C
        : string;

/** What was asked for, typed; an absent key was not given. Durations are milliseconds. */
export type Flags = { readonly [K in OptionName]?: ValueOf<(typeof options)[K]> };
