import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import * as z from 'zod';
import { ReleaseError } from '../../observe/error.ts';
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
