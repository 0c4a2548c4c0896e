import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { renderUses } from '../../scripts/render-action.ts';
import { tool } from '../setup/tools.ts';
import { makeProject } from './project.ts';

const root = join(import.meta.dirname, '..', '..');

/** Where the action is known to workflows: act answers it from a folder. */
const action = 'org/mongo-release-action@v1';

/** What of this repository a runner reads. */
const delivered = ['plan', 'backup', 'migrate', 'verify', 'rollback', 'dist', 'package.json'];

/** One line of `act --json`. */
interface ActRecord {
  readonly msg?: string;
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly content?: string;
  /** From the outermost step inwards. */
  readonly stepID?: readonly string[];
  readonly stepResult?: string;
  readonly stage?: string;
}

export interface Job {
  readonly succeeded: boolean;
  /** Results of steps, by their ids joined with a slash. */
  readonly results: Readonly<Record<string, string>>;
  /** Outputs of steps, likewise. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Summaries of steps, likewise. */
  readonly summaries: Readonly<Record<string, string>>;
  /** What the log shows. */
  readonly log: string;
}

export interface Asked {
  /** The workflow, in the form in which it stands in a repository. */
  readonly workflow: string;
  /** Files of the repository that it runs in. */
  readonly files: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Runs a workflow on this machine, as a repository would that uses the action. */
export async function runWorkflow({ workflow, files, secrets = {} }: Asked): Promise<Job> {
  const act = await tool('act');
  await using repository = await makeProject({ ...files, '.github/workflows/test.yml': workflow });
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-act-'));
  try {
    const copy = join(folder, 'action');
    const others = await deliver(copy);
    const secretFile = join(folder, 'secrets');
    await writeFile(
      secretFile,
      Object.entries(secrets)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(''),
    );
    const args = ['push', '--json', '-W', '.github/workflows/test.yml', '-P', 'ubuntu-latest=-self-hosted'];
    args.push('--local-repository', `${action}=${copy}`, '--secret-file', secretFile);
    for (const [index, other] of others.entries()) {
      const stand = join(folder, `other-${index}`);
      await mkdir(stand);
      await writeFile(join(stand, 'action.yml'), nothing);
      args.push('--local-repository', `${other}=${stand}`);
    }
    // Without Docker act says so and goes on; its own cache stays in the folder that is removed.
    return read(
      await output(act, args, repository.folder, { ACT_CACHE: folder, XDG_CACHE_HOME: join(folder, 'cache') }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stands for an action of others, which sets up what this machine has: act wants to fetch it even where it is skipped. */
const nothing = 'runs: { using: composite, steps: [{ run: "true", shell: bash }] }\n';

/** The action as a release carries it for runners that do not know `$/`. Comes back with the others' actions in it. */
async function deliver(copy: string): Promise<string[]> {
  const others = new Set<string>();
  await mkdir(copy, { recursive: true });
  for (const name of delivered) await cp(join(root, name), join(copy, name), { recursive: true });
  for (const name of ['action.yml', '.github/workflows/release.yml', '.github/workflows/rollback.yml']) {
    await mkdir(dirname(join(copy, name)), { recursive: true });
    const text = renderUses(await readFile(join(root, name), 'utf8'), action);
    await writeFile(join(copy, name), text);
    // act takes the checkout for done: it runs in a copy of the folder.
    for (const [, used] of text.matchAll(/uses: ((?:aws-)?actions\/(?!checkout@)\S+)/g)) others.add(String(used));
  }
  return [...others];
}

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function output(act: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const foreign = /^(GITHUB_|RUNNER_|INPUT_|ACTIONS_|MONGODB_)/;
    const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    const child = spawn(act, args, {
      cwd,
      // act runs node24 actions with the node on PATH.
      env: { ...Object.fromEntries(own), ...env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        text += chunk;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

function read({ code, text }: Ended): Job {
  const results: Record<string, string> = {};
  const outputs: Record<string, Record<string, string>> = {};
  const summaries: Record<string, string> = {};
  const log: string[] = [];
  for (const record of text.split('\n').map(parsed)) {
    if (record.msg !== undefined) log.push(record.msg);
    const step = record.stepID?.join('/');
    if (step === undefined || record.stage !== 'Main') continue;
    if (record.stepResult !== undefined) results[step] = record.stepResult;
    if (record.command === 'summary' && record.content !== undefined) summaries[step] ??= record.content;
    if (record.command !== 'set-output' || record.name === undefined) continue;
    // After a composite act reads the last inner step's file once more, as if the composite had written it.
    const composite = results[step] !== undefined && outputs[step] !== undefined && isComposite(step, results);
    if (!composite) outputs[step] = { ...outputs[step], [record.name]: record.arg ?? '' };
  }
  return { succeeded: code === 0, results, outputs, summaries, log: log.join('\n') };
}

function isComposite(step: string, results: Readonly<Record<string, string>>): boolean {
  return Object.keys(results).some((other) => other.startsWith(`${step}/`));
}

function parsed(line: string): ActRecord {
  try {
    return JSON.parse(line) as ActRecord;
  } catch {
    return { msg: line };
  }
}
