import type { Effects } from '../../src/migration/types.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import type { ArchiveFacts } from '../../src/release/backup/backup-facts.ts';
import type { RehearsalResult } from '../../src/release/rehearsal/result.ts';
import type { AppliedMigration, Ended } from '../../src/release/result.ts';

export function effects(counts: Partial<Effects> = {}): Effects {
  return {
    matched: 0,
    modified: 0,
    inserted: 0,
    deleted: 0,
    operations: 0,
    byCollection: {},
    indexesCreated: [],
    indexesDropped: [],
    collectionsCreated: [],
    collectionsDropped: [],
    otherChanges: [],
    unknown: 0,
    ...counts,
  };
}

export const migrations: readonly AppliedMigration[] = [
  {
    name: '20260901-1200-city-location',
    durationMs: 61_240,
    effects: effects({ matched: 106_312, modified: 106_310, indexesCreated: ['cities.location_2dsphere'] }),
  },
  {
    name: '20260902-0900-unique-country-code',
    durationMs: 340,
    effects: effects({
      deleted: 3,
      indexesCreated: ['countries.code_1'],
      indexesDropped: ['countries.code'],
      collectionsCreated: ['places'],
      otherChanges: ['collMod countries'],
    }),
  },
];

export const backup: ArchiveFacts = {
  id: '20261001T123005Z-3f9a',
  engine: 'built-in',
  location: '/backups/20261001T123005Z-3f9a',
  target: 'production',
  database: 'shop',
  environment: 'production',
  documents: 106_562,
  bytes: 12_345_678,
  archiveBytes: 2_345_678,
  clusterTime: '2026-10-01T12:30:05.000Z',
  consistency: 'snapshot',
  outsideSnapshot: [],
  encrypted: false,
  compression: 'zstd',
  createdAt: '2026-10-01T12:30:06.000Z',
  durationMs: 1234,
};

export const rehearsal: RehearsalResult = {
  level: 'full',
  migrations,
  serverVersion: '6.0.5',
  sandbox: 'mongod on PATH',
  restoredDocuments: 106_562,
  restoredBytes: 12_345_678,
  durationMs: 64_000,
  uncovered: ['Search indexes are not part of a sandbox.'],
};

const target = { name: 'production', database: 'shop', environment: 'production' } as const;

export const released: Ended<'release'> = {
  command: 'release',
  outcome: 'applied',
  target,
  ...{ releaseId: '0199a1b2-0000-7000-8000-000000000001', recorded: true },
  durationMs: 133_000,
  steps: [
    { name: 'guards', state: 'done', durationMs: 45 },
    { name: 'plan', state: 'done', durationMs: 310 },
    { name: 'backup', state: 'done', durationMs: 1234 },
    { name: 'rehearsal', state: 'done', durationMs: 64_000 },
    { name: 'apply', state: 'done', durationMs: 61_580 },
    { name: 'deploy', state: 'skipped', note: 'no deploy hook is configured' },
    { name: 'verify', state: 'done', durationMs: 520 },
  ],
  result: {
    releaseId: '0199a1b2-0000-7000-8000-000000000001',
    guards: [
      { id: 'topology', state: 'passed', seen: 'replica set rs0 of 3', findings: [], durationMs: 1 },
      {
        id: 'replica-lag',
        state: 'unknown',
        seen: 'not authorized',
        findings: [
          {
            rule: 'replica-lag',
            severity: 'warning',
            place: { name: 'replica-lag' },
            message: 'The guard replica-lag could not look: not authorized.',
            next: 'Grant the role clusterMonitor on admin.',
          },
        ],
        durationMs: 2,
      },
    ],
    plan: { digest: 'sha256:3b1c', pending: [], findings: [] },
    backup,
    rehearsal,
    migrate: { releaseId: '0199a1b2-0000-7000-8000-000000000001', applied: migrations },
    verify: {
      probes: [
        {
          name: 'healthy',
          state: 'passed',
          expected: 'status 200',
          seen: 'status 200',
          durationMs: 41,
          attempts: 1,
        },
        {
          name: 'no city without a place',
          state: 'passed',
          expected: 'none in cities',
          seen: 'none',
          durationMs: 479,
          attempts: 2,
        },
      ],
    },
  },
};

export const failedRelease: Ended<'release'> = {
  ...released,
  outcome: 'failed-dirty',
  steps: [
    ...(released.steps ?? []).slice(0, 4),
    { name: 'apply', state: 'failed', durationMs: 12_000 },
    { name: 'deploy', state: 'skipped' },
    { name: 'verify', state: 'skipped' },
  ],
  result: {
    releaseId: '0199a1b2-0000-7000-8000-000000000001',
    backup,
    rehearsal,
    migrate: {
      releaseId: '0199a1b2-0000-7000-8000-000000000001',
      applied: migrations.slice(0, 1),
      failed: { name: 'bad|name `x` <b>', durationMs: 900, effects: effects({ matched: 12, modified: 5, unknown: 1 }) },
      remaining: ['20260903-drop-old_fields'],
    },
  },
  error: new ReleaseError('FAILED_DIRTY', 'Migration bad|name `x` <b> failed after 5 documents: server error 112.', {
    hint: 'Look at the migration, then type mongo-release rollback --dry-run to see the way back.',
  }),
};

export const pendingPlan: Ended<'plan'> = {
  command: 'plan',
  outcome: 'blocked',
  target,
  result: {
    digest: 'sha256:3b1c',
    pending: [
      {
        name: '20260901-1200-city-location',
        phase: 'before-deploy',
        checksum: 'abcdef0123456789abcdef',
        transaction: false,
        journal: true,
        reversible: true,
        run: { journal: 'images', transaction: false, batches: true, resumable: true, undoable: true, notes: [] },
      },
      {
        name: '20260909-contract',
        phase: 'after-deploy',
        checksum: '0123456789abcdef',
        transaction: true,
        journal: true,
        reversible: false,
        run: { journal: 'images', transaction: true, batches: false, resumable: true, undoable: true, notes: [] },
      },
    ],
    findings: [
      {
        rule: 'irreversible',
        severity: 'note',
        place: { file: 'migrations/20260909-contract.ts' },
        message: 'It has no way back.',
        next: 'Keep the backup.',
      },
      {
        rule: 'history-edited-file',
        severity: 'error',
        place: { file: 'migrations/20260801-a.ts', line: 12 },
        message: 'The file was changed after it had been applied.',
        next: 'Bring the file back, and put the change into a new migration.',
      },
    ],
  },
  error: new ReleaseError('FINDINGS', 'There is 1 finding of severity error.', { hint: 'See the findings.' }),
};
