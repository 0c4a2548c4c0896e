import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import * as z from 'zod';
import { ReleaseError } from '../../observe/error.ts';
import { listed } from '../files/find.ts';
import type { Position } from '../types.ts';
import { type MigrationPlan, planDigest } from './plan.ts';

const phase = z.enum(['before-deploy', 'after-deploy']);
const severity = z.enum(['error', 'warning', 'note']);
const line = z.number().optional();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const document = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal('plan'),
  createdAt: z.iso.datetime(),
  target: z.string(),
  database: z.string(),
  scope: z.object({ to: z.string().optional(), name: z.string().optional(), phase: phase.optional() }),
  digest: hash,
  position: z.object({ digest: hash, applied: z.array(z.object({ name: z.string(), checksum: z.string() })) }),
  pending: z.array(
    z.object({
      name: z.string(),
      fileName: z.string(),
      phase,
      checksum: hash,
      description: z.string().optional(),
      transaction: z.boolean(),
      journal: z.boolean(),
      reversible: z.boolean(),
      run: z.object({
        journal: z.enum(['images', 'operations', 'none']),
        transaction: z.boolean(),
        batches: z.boolean(),
        resumable: z.boolean(),
        undoable: z.boolean(),
        notes: z.array(z.object({ rule: z.string(), severity, message: z.string(), next: z.string(), line })),
      }),
    }),
  ),
});

/** A plan as `plan --out FILE` writes it and `migrate --plan FILE` reads it: what somebody looked at and agreed to. */
export type SavedPlan = z.output<typeof document>;

/** Writes the plan, whole or not at all, over what is there. */
export async function writePlanFile(path: string, plan: MigrationPlan, createdAt: Date): Promise<void> {
  const { target, database, scope, digest, position, pending } = plan;
  const head = { schemaVersion: 1, kind: 'plan', createdAt: createdAt.toISOString(), target, database, scope };
  const text = `${JSON.stringify({ ...head, digest, position, pending }, undefined, 2)}\n`;
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => {});
    throw new ReleaseError('USAGE', `The plan cannot be written to ${path}.`, {
      hint: 'Name a file in a folder that exists and may be written to with --out FILE.',
      cause,
    });
  }
}

/** Throws `PLAN_FILE_INVALID` for a file that is missing, is no plan, or was changed so that its digest no longer fits. */
export async function readPlanFile(path: string): Promise<SavedPlan> {
  const refuse = (why: string, cause?: unknown) =>
    new ReleaseError('PLAN_FILE_INVALID', `${path} ${why}.`, {
      hint: 'Make a new one with mongo-release plan --out FILE.',
      cause,
    });
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw refuse(cause.code === 'ENOENT' ? 'does not exist' : 'cannot be read', cause);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refuse('is no JSON document', cause);
  }
  const parsed = document.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(
      `is no plan of this version of mongo-release (at ${issue?.path.join('.') || 'its top'})`,
      parsed.error,
    );
  }
  const plan = parsed.data;
  if (planDigest(plan.database, plan.position.digest, plan.pending) !== plan.digest) {
    throw refuse('was changed after it had been written: its digest does not fit what it lists');
  }
  return plan;
}

/**
 * Throws `PLAN_MOVED` unless what would be applied now is what was planned or asked for, and says what moved. For
 * `--digest` alone, which names a plan and does not describe it, it can only say that something has.
 */
export function assertUnmoved(expected: SavedPlan | { readonly digest: string }, current: MigrationPlan): void {
  if (expected.digest === current.digest) return;
  const moves = 'pending' in expected ? movesBetween(expected, current) : [];
  const what = moves.length === 0 ? `its digest is ${current.digest.slice(0, 12)}… now` : moves.join('; ');
  throw new ReleaseError('PLAN_MOVED', `The plan ${expected.digest.slice(0, 12)}… does not hold any more: ${what}.`, {
    hint: 'Look at what mongo-release plan says now, and have it agreed to again (plan --out FILE, or its digest).',
    details: { expected: expected.digest, current: current.digest },
  });
}

/** The same for a plan of which other runs may have applied a part. */
export function assertRest(agreed: MigrationPlan, now: MigrationPlan): void {
  if (!isRestOf(agreed, now)) assertUnmoved(agreed, now);
}

/**
 * Whether what is pending now is what another run has left of this plan: nothing was added or changed, and what is gone
 * from it is applied with the content that was agreed to.
 */
function isRestOf(agreed: MigrationPlan, now: MigrationPlan): boolean {
  if (agreed.database !== now.database || now.findings.some(({ severity }) => severity === 'error')) return false;
  const wanted = new Map(agreed.pending.map((migration) => [migration.name, migration]));
  const applied = new Map(now.position.applied.map(({ name, checksum }) => [name, checksum]));
  const left = new Set(now.pending.map(({ name }) => name));
  return (
    agreed.pending.every(({ name, checksum }) => left.has(name) || applied.get(name) === checksum) &&
    now.pending.every((migration) => {
      const then = wanted.get(migration.name);
      return (
        then?.checksum === migration.checksum &&
        then.phase === migration.phase &&
        then.transaction === migration.transaction &&
        then.run.journal === migration.run.journal
      );
    })
  );
}

function movesBetween(saved: SavedPlan, current: MigrationPlan): string[] {
  const moves: string[] = [];
  if (saved.database !== current.database)
    moves.push(`it was made for database ${saved.database}, this is ${current.database}`);
  moves.push(...historyMoves(saved.position, current.position));
  const before = new Map(saved.pending.map((migration) => [migration.name, migration]));
  const after = new Map(current.pending.map((migration) => [migration.name, migration]));
  // What was applied since is said by the history's part already.
  const applied = new Set(current.position.applied.map((one) => one.name));
  const say = (what: string, names: string[]) => names.length > 0 && moves.push(`${what}: ${listed(names)}`);
  say(
    'added',
    [...after.keys()].filter((name) => !before.has(name)),
  );
  say(
    'gone',
    [...before.keys()].filter((name) => !after.has(name) && !applied.has(name)),
  );
  const both = [...after.values()].flatMap((now) => {
    const then = before.get(now.name);
    return then === undefined ? [] : [{ then, now }];
  });
  const differing = (by: 'checksum' | 'phase' | 'transaction') =>
    both.filter(({ then, now }) => then[by] !== now[by]).map(({ now }) => now.name);
  say('the file was changed', differing('checksum'));
  say('the phase was changed', differing('phase'));
  say('the use of a transaction was changed', differing('transaction'));
  const journals = both.filter(({ then, now }) => then.run.journal !== now.run.journal);
  say(
    `the journal keeps ${journalWords[journals[0]?.now.run.journal ?? 'none']} now`,
    journals.map(({ now }) => now.name),
  );
  return moves.length > 0 ? moves : ['the order of the migrations is another one'];
}

const journalWords = { images: 'images', operations: 'operations and no images', none: 'nothing' } as const;

function historyMoves(before: Position, after: Position): string[] {
  if (before.digest === after.digest) return [];
  const key = (one: Position['applied'][number]) => `${one.name}\n${one.checksum}`;
  const only = (these: Position, those: Position) => {
    const known = new Set(those.applied.map(key));
    return these.applied.filter((one) => !known.has(key(one))).map((one) => one.name);
  };
  const applied = only(after, before);
  const gone = only(before, after);
  const moves: string[] = [];
  if (applied.length > 0) moves.push(`applied since: ${listed(applied)}`);
  if (gone.length > 0) moves.push(`no longer applied as it was: ${listed(gone)}`);
  return moves.length > 0 ? moves : ['a migration has been left half-way since, or was settled'];
}
