import { createInterface } from 'node:readline/promises';
import { resolveInvocation } from '../config/invocation.ts';
import { toolVersion } from '../config/version.ts';
import { describeCauses } from '../observe/causes.ts';
import { asReleaseError, type ReleaseError } from '../observe/error.ts';
import { Log } from '../observe/log.ts';
import { Secrets } from '../observe/secrets.ts';
import { cancelled } from '../release/cancelled.ts';
import { originOf } from '../release/origin.ts';
import type { Run } from '../release/run.ts';
import { type CommandLine, readCommandLine } from './arguments.ts';
import { commandHelp, generalHelp } from './help.ts';
import { keepWhole } from './summary.ts';
import { terminalLog } from './terminal-log.ts';

/** The terminal's front door. Ends the process with the exit code of the contract. */
export async function main(argv: readonly string[]): Promise<void> {
  const startedAt = new Date();
  const secrets = new Secrets();
  const cancel = cancelOnSignal();
  let line: CommandLine;
  try {
    line = readCommandLine(argv);
  } catch (thrown) {
    const error = asReleaseError(thrown);
    if (argv.includes('--json')) await writeFailure(undefined, error, secrets);
    return end(printFailure(error, secrets, argv.includes('--debug')));
  }
  if (line.kind === 'help') {
    process.stdout.write(line.command === undefined ? generalHelp() : commandHelp(line.command));
    return end(0);
  }
  if (line.kind === 'version') {
    process.stdout.write(`${toolVersion}\n`);
    return end(0);
  }
  const { command } = line;
  const debug = line.raw.debug === true || process.env.RUNNER_DEBUG === '1';
  // Also where the rest of the line is wrong: whoever asked for a document gets one.
  const json = line.raw.json === true || argv.includes('--json');
  onDefect(async (error) => {
    if (json) await writeFailure(command, error, secrets);
    return end(printFailure(error, secrets, debug));
  });
  try {
    const invocation = await resolveInvocation({
      ...{ ...line, secrets, env: process.env, cwd: process.cwd(), shown: (name) => `--${name}` },
      // Loaded only where there is such a file: a command should start at once.
      loadModule: async (file, cwd) => (await import('../release/load-config.ts')).configLoader(process.env)(file, cwd),
    });
    const releaseId =
      invocation.flags['release-id'] ?? (await import('../release/record/release-id.ts')).newReleaseId();
    const log = new Log(
      terminalLog({
        stream: process.stderr,
        debug,
        colour: process.stderr.hasColors?.() ?? false,
        json: process.env.MONGO_RELEASE_LOG === 'json',
      }),
      secrets,
      { releaseId },
    );
    const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true && process.env.CI === undefined;
    const run: Run = {
      invocation,
      releaseId,
      startedAt,
      log,
      secrets,
      signal: cancel.signal,
      env: process.env,
      origin: originOf(process.env),
      toolVersion,
      showValues: invocation.flags['show-values'] === true && process.stderr.isTTY === true,
      confirm: interactive && !invocation.flags.yes ? ask : undefined,
    };
    if (invocation.flags['show-values'] && !run.showValues)
      log.warn('--show-values works on a terminal only, and is ignored here.');
    const { runCommand } = await import('../release/commands.ts');
    const ended = secrets.scrubTexts(await runCommand(run));
    const { renderJson } = await import('../report/json.ts');
    const { renderText } = await import('../report/text.ts');
    const { renderMigrateMongo } = await import('../report/migrate-mongo.ts');
    const lines = renderMigrateMongo(ended, invocation.migrateMongo);
    if (lines !== undefined && !json) process.stdout.write(secrets.scrub(lines.stdout));
    const colour = process.stderr.hasColors?.() ?? false;
    const { isTTY, columns: width } = process.stderr;
    const screen = isTTY && lines === undefined;
    const whole = await keepWhole(ended, { file: invocation.flags.summary, json, screen, log });
    process.stderr.write(
      lines === undefined ? renderText(ended, { colour, width, whole }) : secrets.scrub(lines.stderr),
    );
    if (json) process.stdout.write(`${renderJson(ended)}\n`);
    if (ended.error && debug) process.stderr.write(secrets.scrub(`\n${describeCauses(ended.error)}\n`));
    return end(ended.error ? cancel.exitCode(ended.error) : 0);
  } catch (thrown) {
    const error = asReleaseError(thrown);
    if (json) await writeFailure(command, error, secrets);
    printFailure(error, secrets, debug);
    return end(cancel.exitCode(error));
  }
}

async function writeFailure(command: string | undefined, error: ReleaseError, secrets: Secrets): Promise<void> {
  const { renderFailure } = await import('../report/json.ts');
  process.stdout.write(`${renderFailure(command, secrets.scrubTexts(error))}\n`);
}

/** A defect that nobody was waiting for is told like any failure; Node would print its stack trace, unscrubbed. */
function onDefect(tell: (error: ReleaseError) => Promise<void>): void {
  const defect = (thrown: unknown) => void tell(asReleaseError(thrown));
  process.on('uncaughtException', defect).on('unhandledRejection', defect);
  // A reader that goes away early (`| head`) is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function printFailure(error: ReleaseError, secrets: Secrets, debug: boolean): number {
  process.stderr.write(
    secrets.scrub(
      `\n✗ ${error.message} [${error.code}]\n  → ${error.hint}\n${debug ? `\n${describeCauses(error)}\n` : ''}`,
    ),
  );
  return error.exitCode;
}

async function ask(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}

/** The first signal asks for a safe end; a second one of the same kind ends at once. */
function cancelOnSignal(): { signal: AbortSignal; exitCode(error: ReleaseError): number } {
  const controller = new AbortController();
  let code: number | undefined;
  const onSignal = (exitCode: number) => () => {
    if (code === exitCode) process.exit(exitCode);
    code ??= exitCode;
    if (controller.signal.aborted) return;
    process.stderr.write('\nCancelling: what is under way is brought to a safe end. Once more ends at once.\n');
    controller.abort(cancelled());
  };
  process.on('SIGINT', onSignal(130));
  process.on('SIGTERM', onSignal(143));
  return {
    signal: controller.signal,
    exitCode: (error) => (error.code === 'CANCELLED' && code !== undefined ? code : error.exitCode),
  };
}

/** Lets what was written reach its reader first: `process.exit` would cut a pipe short. */
async function end(code: number): Promise<void> {
  process.exitCode = code;
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
  process.exit(code);
}
