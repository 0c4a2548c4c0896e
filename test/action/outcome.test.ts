import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
const read = async (file: string) => parse(await readFile(join(root, file), 'utf8'));
const composite: string = (await read('action.yml')).outputs.outcome.value;
const { prepare, apply } = (await read('.github/workflows/release.yml')).jobs;

type StepOutcome = 'success' | 'failure' | 'cancelled' | 'skipped';
/** How a step ended, as GitHub says and as it said itself: `success applied`. */
type Told = StepOutcome | `${StepOutcome} ${string}`;
type Steps = Partial<Record<'plan' | 'backup' | 'migrate' | 'deploy' | 'verify' | 'rollback', Told>>;

/** What GitHub makes of an expression; what we use of its language means the same in JavaScript. */
function evaluated(expression: string, told: Steps, status = 'failure'): unknown {
  const inner = /^\$\{\{(.*)\}\}$/s.exec(expression.trim())?.[1] ?? '';
  const names = ['plan', 'backup', 'migrate', 'deploy', 'verify', 'rollback'] as const;
  const steps = Object.fromEntries(
    names.map((name) => {
      const [outcome, said = ''] = (told[name] ?? 'skipped').split(' ');
      return [name, { outcome, outputs: { outcome: said } }];
    }),
  );
  const contains = (list: string[], one: string) => list.includes(one);
  return runInNewContext(inner, { steps, job: { status }, contains, fromJSON: JSON.parse });
}

const planned = { plan: 'success nothing-to-do' } as const;
const backedUp = { ...planned, backup: 'success applied' } as const;
const migrated = { ...backedUp, migrate: 'success applied' } as const;

const ends: readonly (readonly [string, Steps, string])[] = [
  ['all went well', { ...migrated, deploy: 'success', verify: 'success nothing-to-do' }, 'applied'],
  ['nothing was pending', { ...backedUp, migrate: 'success nothing-to-do', verify: 'success' }, 'nothing-to-do'],
  ['the backup failed', { ...planned, backup: 'failure failed-clean' }, 'failed-clean'],
  ['the backup died without a word', { ...planned, backup: 'failure' }, 'unknown'],
  ['the migration failed half-way', { ...backedUp, migrate: 'failure failed-dirty' }, 'failed-dirty'],
  ['the migration died without a word', { ...backedUp, migrate: 'failure' }, 'unknown'],
  ['it was cancelled and killed in the migration', { ...backedUp, migrate: 'cancelled' }, 'unknown'],
  ['it was cancelled in the migration', { ...backedUp, migrate: 'cancelled cancelled' }, 'cancelled'],
  ['it was cancelled after the backup', backedUp, 'cancelled'],
  ['the deploy failed', { ...migrated, deploy: 'failure' }, 'failed-dirty'],
  ['the deploy was cancelled', { ...migrated, deploy: 'cancelled' }, 'failed-dirty'],
  ['the verification failed', { ...migrated, verify: 'failure failed-dirty' }, 'failed-dirty'],
  ['the verification was killed', { ...migrated, verify: 'cancelled' }, 'unknown'],
  [
    'it was taken back',
    { ...migrated, verify: 'failure failed-dirty', rollback: 'success rolled-back' },
    'rolled-back',
  ],
  [
    'there was nothing to take back',
    { ...migrated, migrate: 'failure', rollback: 'success nothing-to-do' },
    'failed-clean',
  ],
  ['the way back died', { ...migrated, verify: 'failure failed-dirty', rollback: 'failure' }, 'unknown'],
];

describe.each([
  ['the composite', composite],
  ['the job that applies', apply.outputs.outcome as string],
])('the outcome of %s', (_, expression) => {
  test.for(ends)('where %s', ([, steps, outcome]) => {
    expect(evaluated(expression, steps, outcome === 'cancelled' ? 'cancelled' : 'failure')).toBe(outcome);
  });
});

test('a plan that stops the composite gives its outcome, and one that died none', () => {
  expect(evaluated(composite, { plan: 'failure blocked' })).toBe('blocked');
  expect(evaluated(composite, { plan: 'failure' })).toBe('unknown');
});

test('the job that prepares never gives the outcome of its plan for that of the rehearsal', () => {
  const outcome = (steps: Steps, status?: string) => evaluated(prepare.outputs.outcome, steps, status);
  expect(outcome({ ...planned, migrate: 'success rehearsed' })).toBe('rehearsed');
  expect(outcome({ ...planned, migrate: 'failure' })).toBe('unknown');
  expect(outcome(planned, 'cancelled')).toBe('cancelled');
  expect(outcome({ plan: 'failure blocked' })).toBe('blocked');
  expect(outcome({})).toBe('failed-clean');
});
