import { ReleaseError } from '../../observe/error.ts';
import { listed } from '../files/find.ts';
import type { PlannedMigration, Position, RunPlan } from '../types.ts';
import type { MigrationPlan } from './plan.ts';

/** What the digest of a plan stands for: what somebody agreed to by it. A plan is one, and so is what a file or a record keeps of it. */
export interface AgreedPlan {
  readonly digest: string;
  readonly database: string;
  /** Where history stood; only for what is said of a plan that moved. */
  readonly position?: Position;
  readonly pending: readonly AgreedMigration[];
}

export type AgreedMigration = Pick<PlannedMigration, 'name' | 'checksum' | 'phase' | 'transaction'> & {
  readonly run: Pick<RunPlan, 'journal'>;
};

/** As a record keeps it. */
export function agreedPlan({ digest, database, pending }: AgreedPlan): AgreedPlan {
  const kept = ({ name, checksum, phase, transaction, run: { journal } }: AgreedMigration): AgreedMigration => {
    return { name, checksum, phase, transaction, run: { journal } };
  };
  return { digest, database, pending: pending.map(kept) };
}

/**
 * Throws `PLAN_MOVED` unless what would be applied now is what was planned or asked for, and says what moved. For
 * `--digest` alone, which names a plan and does not describe it, it can only say that something has.
 */
export function assertUnmoved(expected: AgreedPlan | { readonly digest: string }, current: MigrationPlan): void {
  if (expected.digest !== current.digest) throw planMoved(expected, current);
}

/** The same for a plan of which other runs may have applied a part. */
export function assertRest(agreed: AgreedPlan, now: MigrationPlan): void {
  if (agreed.digest === now.digest) return;
  const stopped = now.findings.some(({ severity }) => severity === 'error');
  if (stopped || !isRestOf(agreed, now)) throw planMoved(agreed, now);
}

/**
 * Whether what is pending now is what other runs have left of this plan: nothing was added or changed, and what is gone
 * from it is applied with the content that was agreed to. Of a part of what is pending, such as one phase, this says that
 * all the rest of the plan is applied.
 */
function isRestOf(agreed: AgreedPlan, now: MigrationPlan): boolean {
  if (agreed.database !== now.database) return false;
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

function planMoved(expected: AgreedPlan | { readonly digest: string }, current: MigrationPlan): ReleaseError {
  const moves = 'pending' in expected ? movesBetween(expected, current) : [];
  const what = moves.length === 0 ? `its digest is ${current.digest.slice(0, 12)}… now` : moves.join('; ');
  return new ReleaseError('PLAN_MOVED', `The plan ${expected.digest.slice(0, 12)}… does not hold any more: ${what}.`, {
    hint: 'Look at what mongo-release plan says now, and have it agreed to again (plan --out FILE, or its digest).',
    details: { expected: expected.digest, current: current.digest },
  });
}

function movesBetween(agreed: AgreedPlan, current: MigrationPlan): string[] {
  const moves: string[] = [];
  if (agreed.database !== current.database)
    moves.push(`it was made for database ${agreed.database}, this is ${current.database}`);
  if (agreed.position !== undefined) moves.push(...historyMoves(agreed.position, current.position));
  const before = new Map(agreed.pending.map((migration) => [migration.name, migration]));
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
  return moves.length > 0 || agreed.position === undefined ? moves : ['the order of the migrations is another one'];
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
