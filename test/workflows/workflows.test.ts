import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderUses } from '../../scripts/render-action.ts';
import { parts } from '../../src/action/parts.ts';
import { installTime, tool } from '../setup/tools.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFile(join(root, file), 'utf8');
const filesIn = async (folder: string, end: string) =>
  (await readdir(join(root, folder))).filter((name) => name.endsWith(end)).map((name) => `${folder}/${name}`);

const workflows = await filesIn('.github/workflows', '.yml');
const templates = await filesIn('workflow-templates', '.yml');
const actions = ['action.yml', ...Object.keys(parts).map((part) => `${part}/action.yml`)];

/** The tools' programs: installing them is no part of any test's time. */
let [actionlint, zizmor] = ['', ''];
beforeAll(async () => {
  actionlint = await tool('actionlint');
  zizmor = await tool('zizmor');
}, 2 * installTime);

function run(program: string, args: readonly string[], cwd = root): { code: number | null; text: string } {
  const ended = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return { code: ended.status, text: `${ended.stdout}${ended.stderr}` };
}

/** A repository with the definitions as runners without `$/` get them: actionlint does not know it, but knows `./`. */
async function rendered(change: (file: string, text: string) => string = (_, text) => text) {
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-lint-'));
  for (const file of [...workflows, ...templates, ...actions]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), change(file, renderUses(await read(file), './')));
  }
  for (const part of Object.keys(parts)) await cp(join(root, part, 'index.js'), join(folder, part, 'index.js'));
  await mkdir(join(folder, '.git'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('actionlint has nothing to say of workflows and templates', async () => {
  await using copy = await rendered();
  expect(run(actionlint, ['-shellcheck=', '-pyflakes=', ...workflows, ...templates], copy.folder)).toEqual({
    code: 0,
    text: '',
  });
});

test('actionlint would see an input that a part does not have', async () => {
  await using copy = await rendered((_, text) =>
    text.replace('mode: dry-run\n          digest', 'mood: x\n          digest'),
  );
  const { code, text } = run(actionlint, ['-shellcheck=', '-pyflakes=', ...workflows], copy.folder);
  expect(code).toBe(1);
  expect(text).toContain('"mood"');
});

test('zizmor, at its most demanding, has nothing to say of actions and workflows, and excuses are in templates only', () => {
  const args = ['--offline', '--persona=auditor', '--no-progress', '--quiet', '--format=plain'];
  const strict = run(zizmor, [...args, ...actions, ...workflows]);
  expect(strict.code, strict.text).toBe(0);
  expect(strict.text).not.toMatch(/ignored|suppressed/);
  for (const template of templates) {
    const { code, text } = run(zizmor, [...args, template]);
    expect(code, text).toBe(0);
  }
});

test('the only excuses are a moving tag of ours and inherited secrets, each with its reason', async () => {
  for (const file of [...workflows, ...templates, ...actions]) {
    for (const [, rule, reason] of (await read(file)).matchAll(/# zizmor: ignore\[(.*?)\](.*)/g)) {
      expect(['unpinned-uses', 'secrets-inherit']).toContain(rule);
      expect(reason).toMatch(/^ \w+/);
    }
  }
});

test("others' actions are pinned by a full SHA that names its version", async () => {
  for (const file of [...workflows, ...templates, ...actions]) {
    for (const [line] of (await read(file)).matchAll(/uses: (?!\$\/|org\/mongo-release-action\/).*/g))
      expect(line, file).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

test('nothing is permitted that is not asked for by a job, and no database job is cancelled by another', async () => {
  for (const file of [...workflows, ...templates]) {
    const workflow = parse(await read(file)) as {
      permissions: unknown;
      jobs: Record<
        string,
        {
          permissions: unknown;
          concurrency?: { 'cancel-in-progress': boolean };
          environment?: string;
          uses?: string;
          steps?: readonly { uses?: string; run?: string }[];
        }
      >;
    };
    expect(workflow.permissions, file).toEqual({});
    for (const job of Object.values(workflow.jobs)) {
      // A caller grants what the jobs of the called workflow ask for.
      const uses = [job.uses, ...(job.steps ?? []).map((step) => step.uses)];
      const asks = uses.some((used) => /^aws-actions\/|^org\/.*\.yml@/.test(used ?? ''));
      const tells = job.steps?.some(({ run }) => run?.includes('gh issue')) ?? false;
      // Who may write issues runs nothing of the project, and checks nothing out.
      if (tells) expect(uses.filter(Boolean), file).toEqual([]);
      const permissions = { contents: 'read', ...(asks && { 'id-token': 'write' }) };
      expect(job.permissions, file).toEqual(tells ? { issues: 'write' } : permissions);
      if (job.environment !== undefined) expect(job.concurrency?.['cancel-in-progress'] ?? false).toBe(false);
    }
  }
});

test('credentials of the store, of Atlas, of readers and of the setup reach the steps that need them, and no other', async () => {
  const store = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  const atlas = ['MONGODB_ATLAS_CLIENT_ID', 'MONGODB_ATLAS_CLIENT_SECRET'];
  const reading = [...store, ...atlas, 'MONGO_RELEASE_IDENTITY'];
  const all = [...reading, 'DEPLOY_TOKEN'];
  const needs: Record<string, readonly string[]> = {
    backup: [...store, ...atlas],
    migrate: reading,
    after: reading,
    setup: ['NODE_AUTH_TOKEN'],
    deploy: ['DEPLOY_TOKEN'],
    // Its hooks bring the application back.
    rollback: all,
    drill: [...store, 'MONGO_RELEASE_IDENTITY'],
    // A dry run opens no backup of the store: it only leaves a proof there.
    'prepare migrate': store,
  };
  for (const [file, job] of [
    ['release', 'prepare'],
    ['release', 'apply'],
    ['rollback', 'rollback'],
    ['drill', 'drill'],
  ] as const) {
    const { on, jobs } = parse(await read(`.github/workflows/${file}.yml`)) as {
      on: { workflow_call: { secrets: Record<string, unknown> } };
      jobs: Record<string, { env?: object; steps: readonly { id?: string; env?: Record<string, string> }[] }>;
    };
    // A sandbox has no application to ask.
    const sandboxed = job === 'drill' || job === 'prepare';
    expect(Object.keys(jobs[job]?.env ?? {})).toEqual(sandboxed ? [] : ['APP_URL']);
    for (const step of jobs[job]?.steps ?? []) {
      const { env = {}, id = 'SETUP_COMMAND' in env ? 'setup' : '' } = step;
      expect(
        Object.keys(env)
          .filter((name) => all.includes(name) || name === 'NODE_AUTH_TOKEN')
          .sort(),
        id,
      ).toEqual([...(needs[`${job} ${id}`] ?? needs[id] ?? [])].sort());
      for (const [, secret] of Object.values(env)
        .join()
        .matchAll(/secrets\.(\w+)/g))
        expect(on.workflow_call.secrets, `${file} ${id}`).toHaveProperty(String(secret));
    }
  }
});

test('the job that prepares leaves its proof in the store that the one that applies looks into', async () => {
  const { jobs } = parse(await read('.github/workflows/release.yml')) as {
    jobs: Record<string, { steps: readonly { id?: string; with?: Record<string, string> }[] }>;
  };
  for (const job of ['prepare', 'apply']) {
    const migrate = jobs[job]?.steps.find(({ id }) => id === 'migrate');
    expect(migrate?.with, job).toMatchObject({
      store: expect.stringContaining('inputs.store'),
      digest: expect.any(String),
    });
  }
});

test('a template has the properties that GitHub asks for', async () => {
  for (const template of templates) {
    const properties = JSON.parse(await read(template.replace(/\.yml$/, '.properties.json'))) as {
      name: unknown;
      description: unknown;
      categories?: readonly string[];
      filePatterns?: readonly string[];
    };
    expect(properties).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    for (const pattern of properties.filePatterns ?? []) expect(() => new RegExp(pattern)).not.toThrow();
    expect(new RegExp(properties.filePatterns?.[0] ?? '').test('mongo-release.yml')).toBe(true);
  }
});

test('a template passes only inputs that the workflow it calls has, and all that it requires', async () => {
  for (const template of templates) {
    const { jobs } = parse(await read(template)) as { jobs: Record<string, { uses?: string; with?: object }> };
    for (const { uses, with: given = {} } of Object.values(jobs)) {
      if (uses === undefined) continue;
      const file = /\/(\.github\/workflows\/[\w-]+\.yml)@v1$/.exec(uses)?.[1];
      const { on } = parse(await read(String(file))) as {
        on: { workflow_call: { inputs: Record<string, { required?: boolean }> } };
      };
      const { inputs } = on.workflow_call;
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
      const required = Object.keys(inputs).filter((name) => inputs[name]?.required);
      expect(Object.keys(given)).toEqual(expect.arrayContaining(required));
    }
  }
});

test('a template runs in a project of migrate-mongo, too: it names no target, and says itself what is production', async () => {
  for (const template of templates) {
    const { jobs } = parse(await read(template)) as { jobs: Record<string, { with?: Record<string, unknown> }> };
    for (const { with: given = {} } of Object.values(jobs)) {
      expect(given, template).not.toHaveProperty('target');
      if (given.environment === 'production') expect(given['target-environment']).toBe('production');
    }
  }
});

test('a reusable workflow offers what the parts that it runs ask for of a target and its sandbox', async () => {
  const offered: Record<string, readonly string[]> = {
    release: ['target', 'target-environment', 'database', 'phase', 'mongod', 'wait', 'rehearsal', 'waive-rehearsal'],
    rollback: ['target', 'target-environment', 'database', 'strategy', 'accept-loss', 'start-traffic', 'yes', 'wait'],
    drill: ['target', 'database', 'mongod'],
  };
  for (const [name, inputs] of Object.entries(offered)) {
    const text = await read(`.github/workflows/${name}.yml`);
    const { on } = parse(text) as { on: { workflow_call: { inputs: object; secrets: object } } };
    for (const input of inputs) {
      expect(on.workflow_call.inputs, name).toHaveProperty(input);
      expect(text, name).toMatch(new RegExp(`: \\$\\{\\{ inputs\\.${input} \\}\\}`));
    }
    // An address with a password is a secret: an input stands in the log.
    if (name !== 'rollback') expect(on.workflow_call.secrets).toHaveProperty('MONGO_RELEASE_SANDBOX_URI');
  }
});

test('a workflow calls an input as the part does that it hands it to: a hint names it so', async () => {
  for (const name of ['release', 'rollback', 'drill']) {
    const { jobs } = parse(await read(`.github/workflows/${name}.yml`)) as {
      jobs: Record<string, { steps: readonly { uses?: string; with?: Record<string, unknown> }[] }>;
    };
    const steps = Object.values(jobs).flatMap((job) => job.steps.filter(({ uses }) => uses?.startsWith('$/')));
    expect(steps.length, name).toBeGreaterThan(0);
    for (const { with: given = {} } of steps) {
      for (const [input, value] of Object.entries(given)) {
        const [, from = input] = /inputs\.([\w-]+)/.exec(String(value)) ?? [];
        // A workflow's `environment` is GitHub's own.
        expect(from, name).toBe(input === 'environment' ? 'target-environment' : input);
      }
    }
  }
});
