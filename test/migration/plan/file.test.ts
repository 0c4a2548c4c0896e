import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertUnmoved } from '../../../src/migration/plan/agreed.ts';
import { readPlanFile, type SavedPlan, writePlanFile } from '../../../src/migration/plan/file.ts';
import { makePlan, type PlanInput } from '../../../src/migration/plan/plan.ts';
import type { MigrationFacts } from '../../../src/migration/types.ts';
import { factsOf, file, record } from '../records.ts';

let dir: string;
let path: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plan-'));
  path = join(dir, 'plan.json');
});
afterAll(() => rm(dir, { recursive: true }));

const files = ['001-a', '002-b', '003-c'].map((name) => file(name));
const plan = (over: Partial<PlanInput> = {}, about: Record<string, Partial<MigrationFacts>> = {}) =>
  makePlan({
    files,
    records: [record('001-a', 1)],
    scope: {},
    database: 'shop',
    target: 'staging',
    facts: factsOf(over.files ?? files, about),
    ...over,
  });
const save = async (): Promise<SavedPlan> => {
  await writePlanFile(path, plan(), new Date('2026-09-01T09:00:00Z'));
  return readPlanFile(path);
};

test('a plan comes back from its file as it was', async () => {
  const { findings: _, ...rest } = plan();
  expect(await save()).toEqual({ schemaVersion: 1, kind: 'plan', createdAt: '2026-09-01T09:00:00.000Z', ...rest });
  await save();
  expect(await readdir(dir)).toEqual(['plan.json']);
});

test('a file that cannot be written says which flag names it', async () => {
  await expect(writePlanFile(join(dir, 'no', 'plan.json'), plan(), new Date())).rejects.toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('--out'),
  });
});

describe('a plan that still holds', () => {
  test('is accepted, also when files and records come in another order', async () => {
    assertUnmoved(await save(), plan({ files: [...files].reverse() }));
    assertUnmoved({ digest: plan().digest }, plan());
  });
});

describe('a plan that moved is refused and says what moved', () => {
  const grown = [...files, file('004-d')];
  const edited = [files[0]!, file('002-b', 'other'), files[2]!];
  test.each<[string, ReturnType<typeof plan>, RegExp]>([
    ['a new file', plan({ files: grown }), /: added: 004-d\.$/],
    ['a removed file', plan({ files: files.slice(0, 2) }), /: gone: 003-c\.$/],
    ['an edited file', plan({ files: edited }), /: the file was changed: 002-b\.$/],
    ['a phase', plan({}, { '003-c': { phase: 'after-deploy' } }), /: the phase was changed: 003-c\.$/],
    ['a transaction', plan({}, { '002-b': { transaction: true } }), /: the use of a transaction was changed: 002-b\.$/],
    ['an applied one', plan({ records: [record('001-a', 1), record('002-b', 2)] }), /: applied since: 002-b\.$/],
    ['a rolled-back one', plan({ records: [] }), /: no longer applied as it was: 001-a; added: 001-a\.$/],
    [
      'a half-way one',
      plan({ records: [record('001-a', 1), record('002-b', 2, { state: 'failed' })] }),
      /: a migration has been left half-way since, or was settled\.$/,
    ],
    ['a database', plan({ database: 'other' }), /made for database shop, this is other\.$/],
  ])('%s', async (_what, now, message) => {
    const saved = await save();
    expect(() => assertUnmoved(saved, now)).toThrow(message);
    expect(() => assertUnmoved(saved, now)).toThrow(expect.objectContaining({ code: 'PLAN_MOVED', exitCode: 5 }));
  });

  test('a digest alone can only say that something did', () => {
    expect(() => assertUnmoved({ digest: 'f'.repeat(64) }, plan())).toThrow(/its digest is [0-9a-f]{12}… now/);
  });
});

describe('a file that is no plan', () => {
  const refused = async (why: RegExp) => {
    const error = await readPlanFile(path).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'PLAN_FILE_INVALID', exitCode: 2, hint: expect.stringContaining('--out') });
    expect(error.message).toMatch(why);
  };

  test('is refused when it is missing, is no JSON, or is something else', async () => {
    await rm(path, { force: true });
    await refused(/does not exist/);
    await writeFile(path, '{"schemaVersion": 1,');
    await refused(/no JSON/);
    await writeFile(path, '[]');
    await refused(/no plan .*its top/);
    await writeFile(path, (await savedText()).replace('"schemaVersion": 1', '"schemaVersion": 2'));
    await refused(/schemaVersion/);
  });

  test('is refused when somebody changed what it lists', async () => {
    await writeFile(path, (await savedText()).replaceAll('002-b', '002-x'));
    await refused(/changed after it had been written/);
  });

  const savedText = async () => {
    await save();
    return readFile(path, 'utf8');
  };
});
