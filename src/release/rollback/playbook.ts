import type { ProbeSettings } from '../../config/schema.ts';
import { listed } from '../../migration/files/find.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { ProbeResult } from '../../verify/probe.ts';
import { needHook } from '../hook.ts';
import type { Step, StepName } from '../result.ts';
import type { Run } from '../run.ts';
import { nothingVerified, probe, probeFailure } from '../verify.ts';
import type { RollbackResult } from './result.ts';
import type { Traffic } from './traffic.ts';
import type { WayBack } from './way-back.ts';

const noHook = 'no hook';

/** What only the new shape fulfils is of the other phase: after the way back it would fail, and rightly so. */
const phase = 'before-deploy';

/** Where the steps go: each is walked, or only foretold. What is done already is not done once more, but for `again`. */
export interface PlaybookSteps {
  stateOf(name: StepName): Step['state'] | undefined;
  /** `does`: a few words, for who wants to know before. */
  run(name: StepName, does: string, work: () => Promise<void>, options?: { readonly again?: boolean }): Promise<void>;
  /** `note`: why. */
  skip(name: StepName, note: string): Promise<void>;
}

/** The steps of a rollback, in order. Each method throws where a step fails, and nothing after it is begun. */
export class Playbook {
  readonly warnings: string[] = [];
  readonly #run: Run;
  readonly #connection: Connection;
  readonly #steps: PlaybookSteps;
  readonly #strategy: RollbackResult['strategy'];
  readonly #traffic: Traffic;
  #probes: readonly ProbeResult[] | undefined;

  constructor(
    run: Run,
    connection: Connection,
    steps: PlaybookSteps,
    strategy: RollbackResult['strategy'],
    traffic: Traffic,
  ) {
    this.#run = run;
    this.#connection = connection;
    this.#steps = steps;
    this.#strategy = strategy;
    this.#traffic = traffic;
  }

  /** Of the last verification; undefined where there was none. */
  get probes(): readonly ProbeResult[] | undefined {
    return this.#probes;
  }

  /** Also where an earlier run has done it: somebody may have let users in since. Where the data are back, that moment is over. */
  async stopTraffic(): Promise<void> {
    if (this.#steps.stateOf('data') === 'done') return;
    const { 'stop-traffic': command, 'undo-under-traffic': left } = this.#hooks;
    if (command === undefined) return this.#steps.skip('stop-traffic', noHook);
    if (this.#strategy === 'none') return this.#steps.skip('stop-traffic', 'the data stay as they are');
    if (this.#strategy === 'undo' && left) return this.#steps.skip('stop-traffic', 'hooks.undo-under-traffic');
    await this.#traffic.is('stopping');
    await this.#hook('stop-traffic', command, { again: true });
    await this.#traffic.is('stopped');
  }

  /** What an earlier run has begun and nothing is left of, it has done. */
  async data(way: WayBack, work: () => Promise<void>): Promise<void> {
    const begun = this.#steps.stateOf('data');
    if (way.strategy === 'none' && (begun === undefined || begun === 'skipped'))
      return this.#steps.skip('data', 'nothing of the release is in the target');
    await this.#steps.run('data', wayInWords(way), work);
  }

  /** Everything after the data. */
  async finish(): Promise<void> {
    await this.#verifyData();
    await this.#rollbackApp();
    if (this.#strategy === 'none' && this.#steps.stateOf('rollback-app') === 'skipped')
      await this.#steps.skip('verify', 'nothing is taken back');
    else {
      for (const { name, run: command } of this.#hooks.reconcile) await this.#hook(`reconcile ${name}`, command);
      await this.#verify();
    }
    await this.startTraffic();
  }

  get #hooks() {
    return this.#run.invocation.settings.hooks;
  }

  /** As long as the new application writes, the data are of its shape in part: then only the later look tells something. */
  async #verifyData(): Promise<void> {
    if (this.#traffic.stopped?.state !== 'stopped')
      return this.#steps.skip('verify-data', 'traffic goes on: see verify');
    await this.#probe('verify-data', (one) => 'mongo' in one);
  }

  async #rollbackApp(): Promise<void> {
    const command = this.#hooks['rollback-app'];
    if (command === undefined) return this.#steps.skip('rollback-app', noHook);
    await this.#hook('rollback-app', command);
  }

  async #verify(): Promise<void> {
    await this.#probe('verify', () => true);
    if (this.#steps.stateOf('verify') === 'skipped') this.warnings.push(nothingVerified(this.#run));
  }

  /** Whichever rollback has shut users out, and whether or not it knows that it did. */
  async startTraffic(): Promise<void> {
    const command = this.#hooks['start-traffic'];
    if (this.#traffic.stopped === undefined) return this.#steps.skip('start-traffic', 'traffic was not stopped');
    if (command === undefined) {
      this.warnings.push('Traffic is still stopped: there is no hook start-traffic. Let users in again.');
      await this.#steps.skip('start-traffic', 'no hook: users are let in by hand');
    } else {
      await this.#traffic.is('starting');
      await this.#hook('start-traffic', command, { again: true });
    }
    await this.#traffic.is('on');
  }

  #hook(name: StepName, command: string, options?: { readonly again: boolean }): Promise<void> {
    const hook = name.startsWith('reconcile ') ? 'hooks.reconcile' : `hooks.${name}`;
    return this.#steps.run(name, hook, () => needHook(this.#run, name, command), options);
  }

  async #probe(name: 'verify-data' | 'verify', wanted: (probe: ProbeSettings) => boolean): Promise<void> {
    const probes = this.#run.invocation.settings.probes.filter(wanted);
    if (probes.length === 0) return this.#steps.skip(name, 'no probes');
    const asked = probes.filter((one) => (one.phase ?? phase) === phase).map((one) => one.name);
    if (asked.length === 0) return this.#steps.skip(name, 'no probe of this phase');
    await this.#steps.run(name, `probes: ${listed(asked)}`, async () => {
      this.#probes = await probe(this.#run, this.#connection, phase, wanted);
      const failure = probeFailure(this.#probes);
      if (failure !== undefined) throw failure;
    });
  }
}

function wayInWords(way: WayBack): string {
  switch (way.strategy) {
    case 'none':
      return 'nothing is left to take back';
    case 'restore':
      return `restore: backup ${way.backupId}`;
    default:
      return `${way.strategy}: ${listed(way.names)}`;
  }
}
