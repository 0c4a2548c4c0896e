import { join, resolve } from 'node:path';
import { setSecret } from '@actions/core';
import { type Asked, resolveInvocation } from '../config/invocation.ts';
import { toolVersion } from '../config/version.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import { Log } from '../observe/log.ts';
import { Secrets } from '../observe/secrets.ts';
import { configLoader } from '../release/load-config.ts';
import { originOf } from '../release/origin.ts';
import { newReleaseId } from '../release/record/release-id.ts';
import type { Ended } from '../release/result.ts';
import { hookInstead } from '../release/rollback/hook-instead.ts';
import { outcomeOf } from '../report/json.ts';
import { cancelOnSignal } from './cancel.ts';
import { inWorkflow } from './in-workflow.ts';
import { readInputs } from './inputs.ts';
import { flagsOf, type Part, parts, settingsOf } from './parts.ts';
import { runLog } from './run-log.ts';
import { stepFolder } from './step-folder.ts';
import { tell } from './tell.ts';
import { dropUnset } from './unset.ts';

/** GitHub's front door: one part of the action. Ends the process with the exit code of the contract. */
export async function main(name: string): Promise<void> {
  if (!Object.hasOwn(parts, name)) throw new Error(`There is no part "${name}".`);
  dropUnset(process.env);
  await new Step(name as Part).run();
}

class Step {
  readonly #part: Part;
  readonly #env = process.env;
  /** Masks as soon as it learns of a secret, before anything is logged. */
  readonly #secrets = new Secrets((value) => setSecret(value));
  readonly #debug = process.env.RUNNER_DEBUG === '1' || /^(true|1)$/i.test(process.env.INPUT_DEBUG ?? '');
  readonly #log = runLog({ write: (text) => process.stdout.write(text), debug: this.#debug });
  #releaseId: string | undefined;
  #sarif: string | undefined;
  #told = false;

  constructor(part: Part) {
    this.#part = part;
  }

  async run(): Promise<void> {
    const cancel = cancelOnSignal(
      (code) => this.#giveUp(code),
      (text) => process.stdout.write(`${text}\n`),
    );
    // A defect anywhere is told like any other failure; Node would print its stack trace, unscrubbed, and no outputs.
    const defect = (error: unknown) => void this.#end(this.#failed(error), 1);
    process.on('uncaughtException', defect).on('unhandledRejection', defect);
    const ended = await this.#command(cancel.signal).catch((error: unknown) => this.#failed(error));
    await this.#end(ended, ended.error ? cancel.exitCode(ended.error) : 0);
  }

  async #command(signal: AbortSignal): Promise<Ended> {
    const startedAt = new Date();
    const asked = readInputs(this.#part, this.#env, process.cwd(), this.#secrets);
    const invocation = await resolveInvocation({ ...this.#withSarif(asked), loadModule: configLoader(this.#env) });
    this.#releaseId = invocation.flags['release-id'] ?? newReleaseId();
    const { runCommand } = await import('../release/commands.ts');
    const ended = await runCommand({
      invocation,
      releaseId: this.#releaseId,
      startedAt,
      log: new Log(this.#log.sink, this.#secrets, { releaseId: this.#releaseId }),
      secrets: this.#secrets,
      signal,
      env: this.#env,
      origin: originOf(this.#env, true),
      toolVersion,
      showValues: false,
      // Nobody can be asked here: `mode: apply` is consent enough.
      consents: true,
    });
    const error = ended.error?.code === 'CONFIRMATION_NEEDED' ? askedForRestore(ended.error) : ended.error;
    return {
      ...withFindings(ended),
      warnings: ended.warnings?.map(inWorkflow),
      // `verify` has no release of its own, and hands on the one that it was told to belong to.
      releaseId: ended.releaseId ?? invocation.flags['release-id'],
      error: error && this.#hinted(error),
    };
  }

  #hinted({ code, message, hint, details, cause }: ReleaseError): ReleaseError {
    return new ReleaseError(code, message, { hint: inWorkflow(hint), details, cause });
  }

  /** Findings are always written as SARIF, for code scanning; the input only says where. */
  #withSarif(asked: Asked): Asked {
    if (!flagsOf(this.#part).includes('sarif')) return asked;
    const given = String(asked.raw.sarif ?? '');
    this.#sarif = resolve(asked.cwd, given || join(stepFolder(this.#part, this.#env), 'findings.sarif'));
    return { ...asked, raw: { ...asked.raw, sarif: this.#sarif } };
  }

  #failed(thrown: unknown): Ended {
    const error = asReleaseError(thrown);
    return { command: settingsOf(this.#part).command, outcome: outcomeOf(error), error, releaseId: this.#releaseId };
  }

  /** The time to come to a safe end is over: what the target looks like now is not known here, and said so. */
  #giveUp(code: number): void {
    const error = new ReleaseError('CANCELLED', 'The run was cancelled and did not come to a safe end in time.', {
      hint: 'Look at what is on record with mongo-release status; the next run goes on from there.',
    });
    void this.#end({ ...this.#failed(error), outcome: 'unknown' }, code);
  }

  /** Says how it ended, once, and ends the process: something that was left open must not keep the step running. */
  async #end(ended: Ended, code: number): Promise<void> {
    if (this.#told) return;
    this.#told = true;
    process.exitCode = code;
    this.#log.close();
    const clean = await tell(ended, {
      part: this.#part,
      env: this.#env,
      secrets: this.#secrets,
      sarif: this.#sarif,
      debug: this.#debug,
    });
    // How the release ended stands; a result that nobody can read is a failure all the same.
    if (!clean && code === 0) process.exitCode = 1;
    process.stdout.write('', () => process.exit());
  }
}

/** Its findings as they help here. SARIF is written before, and keeps the commands: it is read outside of any workflow, too. */
function withFindings(ended: Ended): Ended {
  if (ended.command !== 'plan' || ended.result === undefined) return ended;
  const findings = ended.result.findings.map((finding) => ({ ...finding, next: inWorkflow(finding.next) }));
  return { ...ended, result: { ...ended.result, findings } };
}

/** The flag that the error's own hint names is no input: a restore is agreed to by asking for it. */
function askedForRestore(error: ReleaseError): ReleaseError {
  const { cluster, writes } = error.details;
  const more = writes === 'unknown' ? '' : ', or a larger number where users go on writing';
  const [first, instead] =
    writes === 0 ? ['Stop what writes, then', ` ${hookInstead}`] : ['When losing what was written since is right,', ''];
  const number = writes !== undefined ? ` and "accept-loss: ${writes}"${more}` : '';
  return new ReleaseError('CONFIRMATION_NEEDED', error.message, {
    hint:
      cluster === undefined
        ? `${first} run the rollback again with "strategy: restore"${number}.${instead}`
        : `When erasing it is right, run the rollback again with "erase-cluster: ${cluster}".`,
    cause: error,
  });
}
