import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface Step {
  readonly code: number | null;
  /** Everything that the step printed. */
  readonly log: string;
  readonly masks: readonly string[];
  readonly outputs: Readonly<Record<string, string>>;
  /** The job summary. */
  readonly summary: string;
  /** The document at `report-path`. */
  readonly report: Readonly<Record<string, unknown>>;
  /** All that a reader could get to see: the log without masks, outputs, summary, files. */
  readonly seen: string;
}

export interface Asked {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Called while it runs, with all that it has printed until now. */
  readonly watch?: (log: string, child: ChildProcess) => void;
}

/** Runs a part of the built bundle as the runner does: inputs and command files by environment. */
export async function runPart(part: string, { inputs = {}, env = {}, cwd, watch }: Asked): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-step-'));
  const [outputFile, summaryFile] = [join(folder, 'output'), join(folder, 'summary')];
  await writeFile(outputFile, '');
  await writeFile(summaryFile, '');
  const asInputs = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const child = spawn(process.execPath, [join(root, part, 'index.js')], {
    cwd,
    env: {
      ...ownEnvironment(),
      ...Object.fromEntries(asInputs),
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
      RUNNER_TEMP: folder,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const { code, log } = await endOf(child, watch);
    const outputs = parseOutputs(await readFile(outputFile, 'utf8'));
    const summary = await readFile(summaryFile, 'utf8');
    const read = (path: string | undefined) => (path === undefined ? '' : readFile(path, 'utf8'));
    const report = await read(outputs['report-path']);
    const files = [report, await read(outputs['summary-path']), await read(outputs['sarif-path'])];
    const lines = log.split('\n');
    const mask = '::add-mask::';
    const masks = lines.filter((line) => line.startsWith(mask)).map((line) => unescaped(line.slice(mask.length)));
    const shown = lines.filter((line) => !line.startsWith(mask)).join('\n');
    const seen = [shown, JSON.stringify(outputs), summary, ...files].join('\n');
    return { code, log, masks, outputs, summary, report: report === '' ? {} : JSON.parse(report), seen };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Nothing of the runner that these tests may themselves run on. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(GITHUB_|RUNNER_|INPUT_|ACTIONS_|MONGODB_|MONGO_RELEASE_(TARGET|CONFIG|STORE|ID)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function endOf(child: ChildProcess, watch?: Asked['watch']): Promise<{ code: number | null; log: string }> {
  return new Promise((resolve, reject) => {
    let log = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        log += chunk;
        watch?.(log, child);
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, log }));
  });
}

/** `NAME<<DELIMITER`, lines, `DELIMITER`: how @actions/core writes GITHUB_OUTPUT. */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [, name, , value] of text.matchAll(/^([\w-]+)<<(ghadelimiter_\S+)\n([\s\S]*?)\n\2$/gm))
    outputs[String(name)] = String(value);
  return outputs;
}

/** The escapes of a command's data. */
function unescaped(data: string): string {
  return data.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%25', '%');
}
