import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
const read = async (file: string) => parse(await readFile(join(root, file), 'utf8'));
const { outputs, runs } = await read('action.yml');
const composite: string = outputs.outcome.value;
const { prepare, apply } = (await read('.github/workflows/release.yml')).jobs;

type StepOutcome = 'success' | 'failure' | 'cancelled' | 'skipped';
/** How a step ended, as GitHub says and as it said itself: `success applied`. */
type Told = StepOutcome | `${StepOutcome} ${string}`;
type Steps = Partial<Record<'plan' | 'backup' | 'migrate' | 'deploy' | 'after' | 'verify' | 'rollback', Told>>;

/** What GitHub makes of an expression; what we use of its language means the same in JavaScript. */
function evaluated(expression: string, told: Steps, status = 'failure'): unknown {
  const inner = /^\$\{\{(.*)\}\}$/s.exec(expression.trim())?.[1] ?? expression.replaceAll('on-failure', 'onFailure');
  const names = ['plan', 'backup', 'migrate', 'deploy', 'after', 'verify', 'rollback'] as const;
  const steps = Object.fromEntries(
    names.map((name) => {
      const [outcome, said = ''] = (told[name] ?? 'skipped').split(' ');
      return [name, { outcome, outputs: { outcome: said } }];
    }),
  );
  const contains = (list: string[], one: string) => list.includes(one);
  const inputs = { mode: 'apply', onFailure: 'rollback' };
  const said = { failure: () => status === 'failure', cancelled: () => status === 'cancelled' };
  return runInNewContext(inner, { steps, inputs, ...said, job: { status }, contains, fromJSON: JSON.parse });
}

const planned = { plan: 'success nothing-to-do' } as const;
const backedUp = { ...planned, backup: 'success applied' } as const;
const deployed = { ...backedUp, migrate: 'success applied', deploy: 'success' } as const;
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
  ['the rest after the deploy went well, too', { ...deployed, after: 'success applied', verify: 'success' }, 'applied'],
  [
    'all of it was for after the deploy',
    { ...deployed, migrate: 'success nothing-to-do', after: 'success applied', verify: 'success' },
    'applied',
  ],
  ['what was for after the deploy failed', { ...deployed, after: 'failure failed-clean' }, 'failed-dirty'],
  ['what was for after the deploy was not begun', { ...deployed, after: 'failure blocked' }, 'failed-dirty'],
  ['what was for after the deploy died without a word', { ...deployed, after: 'failure' }, 'unknown'],
  [
    'it was cancelled in the migration, and nothing was there to take back',
    { ...backedUp, migrate: 'cancelled cancelled', rollback: 'success nothing-to-do' },
    'cancelled',
  ],
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
  [
    'there was nothing to take back, and an application was deployed',
    {
      ...deployed,
      migrate: 'success nothing-to-do',
      verify: 'failure failed-dirty',
      rollback: 'success nothing-to-do',
    },
    'failed-dirty',
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

type Conditional = { readonly id?: string; readonly if?: string };
const conditionOf = (steps: readonly Conditional[]) => steps.find(({ id }) => id === 'rollback')?.if ?? '';

describe.each([
  ['the composite', conditionOf(runs.steps)],
  ['the job that applies', conditionOf(apply.steps)],
])('%s goes back', (_, condition) => {
  const goesBack = (steps: Steps, status?: string) => evaluated(condition, steps, status);

  test.for<[string, Steps, string?]>([
    ['a failed deploy', { ...migrated, deploy: 'failure' }],
    ['a failed deploy where nothing was pending', { ...deployed, migrate: 'success nothing-to-do', deploy: 'failure' }],
    [
      'a verification that failed where nothing was pending',
      { ...deployed, migrate: 'success nothing-to-do', verify: 'failure failed-dirty' },
    ],
    ['a cancelled deploy', { ...migrated, deploy: 'cancelled' }, 'cancelled'],
    ['a migration that was killed at the time limit', { ...backedUp, migrate: 'cancelled' }, 'cancelled'],
    ['a cancel between two migrations', { ...backedUp, migrate: 'cancelled cancelled' }, 'cancelled'],
    ['a failure after the deploy', { ...deployed, migrate: 'success nothing-to-do', after: 'failure failed-dirty' }],
    ['a failure after the deploy that changed nothing itself', { ...deployed, after: 'failure failed-clean' }],
  ])('after %s', ([, steps, status]) => {
    expect(goesBack(steps, status)).toBe(true);
  });

  test.for<[string, Steps, string?]>([
    ['all went well', { ...deployed, after: 'success applied' }, 'success'],
    ['the migration changed nothing', { ...backedUp, migrate: 'failure failed-clean' }],
    ['it did not come to the migration', { ...planned, backup: 'cancelled' }, 'cancelled'],
  ])('not where %s', ([, steps, status]) => {
    expect(goesBack(steps, status)).toBe(false);
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
