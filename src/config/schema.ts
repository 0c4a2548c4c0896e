import * as z from 'zod';
import { duration, timeLimit } from './duration.ts';

/**
 * The one schema of `mongo-release.yml`. `schema/mongo-release.schema.json` is generated from it, and so is the
 * table in docs/configuration.md; the doors' flags and inputs override what it yields (see options.ts).
 */

const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable, not its value');

export const environments = ['local', 'development', 'staging', 'production'] as const;
export type Environment = (typeof environments)[number];

const target = z.strictObject({
  'uri-env': envName.describe('Environment variable that holds the connection string.'),
  'read-uri-env': envName
    .optional()
    .describe('The same for a credential that only reads: used for everything but apply, restore and rollback.'),
  database: z.string().min(1).optional().describe("Name of the database; without it the connection string's own."),
  environment: z
    .enum(environments)
    .optional()
    .describe("What the target is. Default the target's name where that is one of these words, else development."),
});

const about = {
  name: z.string().min(1),
  phase: z
    .enum(['before-deploy', 'after-deploy'])
    .optional()
    .describe('Only in this phase; without it in both. After a rollback those of after-deploy are left out.'),
};

const attempts = {
  timeout: timeLimit.optional().describe('Time limit of one attempt. Default 10s.'),
  retries: z.number().int().min(0).max(100).optional().describe('Further attempts after a failed one. Default 3.'),
  interval: timeLimit.optional().describe('Pause between two attempts. Default 2s.'),
};

const httpProbe = z.strictObject({
  ...about,
  http: z
    .strictObject({
      'url-env': envName.optional().describe('Environment variable that holds the address.'),
      url: z.url({ protocol: /^https?$/ }).optional(),
      path: z.string().startsWith('/').optional(),
      status: z.number().int().min(100).max(599).default(200),
      'body-contains': z.string().optional().describe('Text that the body must contain.'),
    })
    .refine((probe) => (probe.url === undefined) !== (probe['url-env'] === undefined), {
      message: 'name either url or url-env',
    }),
  ...attempts,
});

const document = z.record(z.string(), z.unknown());

const mongoProbe = z.strictObject({
  ...about,
  mongo: z
    .strictObject({
      collection: z.string().min(1),
      filter: document.optional().describe('Extended JSON is understood, for example {"$oid": "…"}.'),
      aggregate: z
        .array(document)
        .optional()
        .describe('A pipeline that only reads; `count` or `exists` are about its results.'),
      count: z
        .union([
          z.number().int().min(0),
          z.strictObject({ min: z.number().int().min(0).optional(), max: z.number().int().min(0).optional() }),
        ])
        .optional(),
      exists: z.boolean().optional(),
    })
    .refine((probe) => (probe.count === undefined) !== (probe.exists === undefined), {
      message: 'name either count or exists',
    })
    .refine((probe) => !(probe.filter && probe.aggregate), { message: 'name either filter or aggregate' }),
  ...attempts,
});

export const probe = z.union([httpProbe, mongoProbe]);

const s3 = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Address of a server that speaks S3. Default Amazon S3.'),
    region: z
      .string()
      .min(1)
      .optional()
      .describe('Region of the bucket. Default what the environment says (AWS_REGION).'),
    'path-style': z
      .boolean()
      .optional()
      .describe('The bucket in the path instead of the host name. Default where an endpoint is given.'),
    'server-side-encryption': z
      .enum(['AES256', 'aws:kms'])
      .optional()
      .describe('How the server encrypts what it keeps. Default as the bucket is set up.'),
    'kms-key': z.string().min(1).optional().describe("Key of aws:kms. Default the account's own."),
  })
  .describe('A bucket that the environment, as Amazon describes it, does not say everything about.');

const atlas = z
  .strictObject({
    project: z
      .string()
      .regex(/^[0-9a-f]{24}$/, 'the id of a project is 24 hex digits')
      .optional()
      .describe('Id of the project in Atlas.'),
    cluster: z.string().min(1).optional().describe('Name of the cluster that the target is in.'),
    'retention-days': z
      .number()
      .int()
      .min(1)
      .default(7)
      .describe('How long Atlas keeps a snapshot that was taken for a backup.'),
    'time-limit': timeLimit
      .default(7_200_000)
      .describe('Time limit of a snapshot, and of a restore, with the wait for another one that is under way.'),
    'client-id-env': envName
      .default('MONGODB_ATLAS_CLIENT_ID')
      .describe('Environment variable that holds the client id of a service account.'),
    'client-secret-env': envName
      .default('MONGODB_ATLAS_CLIENT_SECRET')
      .describe('Environment variable that holds its client secret.'),
    api: z
      .url()
      .refine((url) => /^(https:|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(url), {
        message: 'the address begins with https://',
      })
      .default('https://cloud.mongodb.com')
      .describe('Address of the Administration API.'),
  })
  .describe('The cluster whose snapshots the engine atlas takes and restores.');

/** Who takes a backup. */
export const engines = ['built-in', 'mongodump', 'atlas'] as const;
export const compressions = ['zstd', 'gzip', 'none'] as const;
/** `per-collection`: every collection as it was when it was read. */
export const consistencies = ['snapshot', 'per-collection'] as const;
export const rehearsalLevels = ['full', 'sample', 'none'] as const;

export const schema = z.strictObject({
  extends: z.string().optional().describe('Another file, relative to this one, whose settings this one refines.'),
  targets: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name has small letters, digits and hyphens'), target)
    .default({}),
  migrations: z
    .strictObject({
      dir: z.string().default('migrations').describe('Folder of the migration files, relative to this file.'),
      models: z.string().optional().describe('Module that exports the Mongoose models, relative to this file.'),
      import: z
        .enum(['native', 'tsx'])
        .default('native')
        .describe(
          "How .ts files are loaded: types stripped by Node, or by the project's own tsx (enums, path aliases).",
        ),
      'time-limit': timeLimit.default(3_600_000).describe('Time limit of one migration.'),
      journal: z
        .enum(['images', 'operations'])
        .default('images')
        .describe(
          'What is kept of each write: the documents before and after it, so that it can be undone, or the operation alone, so that a run can be taken up again.',
        ),
      throttle: z
        .strictObject({
          'max-lag': duration
            .default(10_000)
            .describe(
              'How far a secondary may be behind before a migration waits between two batches; what it is delayed by on purpose does not count.',
            ),
          'server-load': z
            .boolean()
            .default(true)
            .describe('Wait, too, while the primary writes its cache out or has no turns left for writers.'),
          'max-pause': timeLimit
            .default(60_000)
            .describe('After so long a pause one batch goes through: slow is better than never.'),
        })
        .prefault({}),
    })
    .prefault({}),
  backup: z
    .strictObject({
      store: z
        .string()
        .optional()
        .describe('Where backups are kept: a folder, relative to this file, or s3://BUCKET/PREFIX.'),
      s3: s3.prefault({}),
      engine: z
        .enum(engines)
        .default('built-in')
        .describe(
          'Who takes a backup: this program, the tool mongodump on PATH, or Atlas by a snapshot of the whole cluster.',
        ),
      atlas: atlas.prefault({}),
      consistency: z
        .enum(consistencies)
        .optional()
        .describe(
          'All collections as they were at one moment, or each as it was when it was read. Default snapshot; on a standalone server, which has none, per-collection.',
        ),
      compression: z.enum(compressions).default('zstd'),
      recipients: z
        .array(z.string().startsWith('age1', 'a recipient is a public key that begins with age1'))
        .default([])
        .describe('Public keys of age (age1…): only who has the identity of one of them can read a backup.'),
      'identity-env': envName
        .default('MONGO_RELEASE_IDENTITY')
        .describe(
          'Environment variable that holds the identity (AGE-SECRET-KEY-1…) that encrypted backups are read with.',
        ),
      keep: z
        .number()
        .int()
        .min(1)
        .optional()
        .describe('How many backups of a target are kept: after a new one the oldest are removed. Default all.'),
      'keep-for': duration
        .optional()
        .describe('How long backups are kept, such as 90d: after a new one older ones are removed. Default for ever.'),
    })
    .prefault({}),
  rehearsal: z
    .strictObject({
      level: z
        .enum(rehearsalLevels)
        .default('full')
        .describe(
          'On all of the data, on a sample that keeps references, or not at all. Where all of it does not fit on the disk, a sample is taken; below 350 MB nothing fits (SANDBOX_TOO_SMALL). Production is applied with a full rehearsal, its proof, or a waiver.',
        ),
      sample: z
        .number()
        .int()
        .min(1)
        .default(1000)
        .describe('How many documents of each collection a sample has, beside those that they refer to.'),
      'max-age': duration
        .default(86_400_000)
        .describe(
          'How old the data of a rehearsal may be when its proof is used, and a backup that an apply relies on without --backup.',
        ),
      mongod: z.string().optional().describe('Path of the mongod to run sandboxes with.'),
    })
    .prefault({}),
  drill: z
    .strictObject({
      'recovery-time': duration
        .optional()
        .describe('How long a drill may take to bring the newest backup back; without it that is only measured.'),
      'recovery-point': duration
        .optional()
        .describe('How old the data of the newest backup may be at a drill; without it that is only measured.'),
    })
    .prefault({}),
  lease: z
    .strictObject({
      ttl: timeLimit
        .default(30_000)
        .refine((ms) => ms >= 3000, { message: 'a lease lives 3s or more' })
        .describe('Since the last heartbeat; 3s or more.'),
    })
    .prefault({}),
  probes: z.array(probe).default([]),
  guards: z
    .strictObject({
      'replica-lag': duration
        .optional()
        .describe('Highest lag of a secondary at which a release may start; without it that is not looked at.'),
      'oplog-window': duration
        .optional()
        .describe('Least time that the oplog must reach back; without it that is not looked at.'),
    })
    .prefault({}),
  hooks: z
    .strictObject({
      deploy: z.string().optional().describe('Command that deploys the application, between apply and verify.'),
      'rollback-app': z.string().optional().describe('Command that brings the last good application back.'),
      'stop-traffic': z
        .string()
        .optional()
        .describe('Command that keeps users from writing, before the data of a release are taken back.'),
      'start-traffic': z
        .string()
        .optional()
        .describe('Command that lets users in again, once everything else of a rollback is done.'),
      'undo-under-traffic': z
        .boolean()
        .default(false)
        .describe('An undo loses no write of users: whether traffic is left alone where that is the way back.'),
      reconcile: z
        .array(
          z.strictObject({
            name: z
              .string()
              .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/, 'letters, digits, spaces, dots, hyphens; up to 60'),
            run: z.string().min(1).describe('The command. It may run twice, and does no harm then.'),
          }),
        )
        .default([])
        .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
          message: 'each has a name of its own',
        })
        .describe('Commands that put right, one after the other, what a rollback leaves inconsistent elsewhere.'),
      env: z
        .array(envName)
        .default([])
        .describe('Environment variables that hooks get, beside a short list such as PATH and HOME.'),
      'time-limit': timeLimit.default(600_000).describe('Time limit of one hook.'),
    })
    .prefault({}),
  collections: z
    .strictObject({
      prefix: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/)
        .default('_mongo_release')
        .describe('Prefix of the collections that mongo-release keeps in a target.'),
    })
    .prefault({}),
});

/** The file as its author writes it. */
export type ConfigFile = z.input<typeof schema>;
/** The file with defaults filled in, durations in milliseconds. */
export type Settings = z.output<typeof schema>;
export type ProbeSettings = z.output<typeof probe>;
export type Consistency = (typeof consistencies)[number];
export type Engine = (typeof engines)[number];
export type Compression = (typeof compressions)[number];
export type RehearsalLevel = (typeof rehearsalLevels)[number];
