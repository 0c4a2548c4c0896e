import { setTimeout as sleep } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { ownNames } from '../../mongo/own.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { MigrationContext } from '../define.ts';
import { wrapClient } from '../gate/client.ts';
import { Gate } from '../gate/gate.ts';
import type { Throttle } from '../gate/journal/context.ts';
import { type OpenedJournal, openJournal } from '../gate/journal/open.ts';
import type { Driver, RawClient, RawSession } from '../gate/raw.ts';
import { ServerThrottle } from '../gate/throttle/throttle.ts';
import { batchOf } from './batch.ts';
import { connectMigration } from './connect.ts';
import { loadDriver } from './driver.ts';
import { abort, begin, commit } from './enclosing.ts';
import { asChildError, describeConnectFailure, describeFailure } from './failure.ts';
import type { LoadedCode } from './hooks.ts';
import { lastReadOf } from './last-read.ts';
import { loadModule } from './load.ts';
import { migrationLog } from './log.ts';
import { missingCollections, thereIsNone } from './missing.ts';
import { loadModels } from './models.ts';
import { bindMongoose, exportedModels, modelsOf } from './mongoose.ts';
import type { Parent } from './parent.ts';
import type { ChildEnd, ChildError, FromChild, RunJob } from './protocol.ts';
import { type Recognised, recognise } from './recognise.ts';
import type { Reporter } from './reporter.ts';
import { dangling, settled } from './settle.ts';
import { type Source, sourceAt } from './source.ts';
import { Timers } from './timers.ts';

/** How long writes under way may take to be answered once the migration has ended, in milliseconds. */
const settleMs = 5000;

/** The failure of one step, ready for the parent. */
class Failure extends Error {
  readonly failure: ChildError;

  constructor(failure: ChildError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What user code threw where nobody was waiting for it. */
class Unseen {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

/** Runs one migration in this process, once. */
export class MigrationRun {
  readonly #job: RunJob;
  readonly #parent: Parent;
  readonly #reporter: Reporter;
  readonly #loaded: LoadedCode;
  readonly #stop = new AbortController();
  /** Rejects with what user code threw where nobody was waiting. */
  readonly #unseen = Promise.withResolvers<never>();
  #gate: Gate | undefined;
  #driver: Driver | undefined;
  #journal: OpenedJournal | undefined;
  #source: Source | undefined;
  /** By user code. */
  #thrown: unknown;
  /** What is to be put on record of what the code did that is in no count. */
  readonly #notes = new Set<string>();
  #startedAt: number | undefined;
  #durationMs = 0;
  #returned = false;
  #ended = false;

  constructor(job: RunJob, parent: Parent, reporter: Reporter, loaded: LoadedCode) {
    this.#job = job;
    this.#parent = parent;
    this.#reporter = reporter;
    this.#loaded = loaded;
    this.#unseen.promise.catch(() => {});
  }

  /** Ends the process when it is through. */
  async run(): Promise<void> {
    for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
      process.on(event, (error: unknown) => this.#unseen.reject(new Unseen(error)));
    }
    try {
      await this.#through();
      await this.#end({ state: 'done' });
    } catch (error) {
      const failure = error instanceof Failure ? error.failure : this.#describe(error, false);
      await this.#end({ state: 'failed', error: failure });
    }
  }

  /** Lets nothing more be sent, waits for what is under way, and ends. */
  async stop(): Promise<void> {
    // All is done but the commit and the report: that is quicker than undoing it.
    if (this.#returned) return;
    this.#close('The migration was stopped.');
    this.#stop.abort();
    await this.#end({ state: 'stopped' });
  }

  async #through(): Promise<void> {
    const job = this.#job;
    const source = sourceAt(job.path, this.#loaded.words, job.showValues);
    this.#source = source;
    const timers = new Timers();
    const modelsModule = job.models === undefined ? undefined : await this.#loadModels(job.models);
    const migration = recognise(await this.#watched(loadModule(source)), source.fileName);
    this.#refuseConnected();
    const step = migration[job.direction];
    if (step === undefined) {
      throw new ReleaseError('IRREVERSIBLE', `${source.fileName} has no down.`, {
        hint: 'Write its down, or go back by restoring a backup.',
      });
    }
    const { connections } = this.#loaded;
    const mongoosePath = [...this.#loaded.mongooses.keys()][0];
    const driver = await loadDriver(job.path, mongoosePath);
    this.#driver = driver;
    const raw = await this.#failing(
      connectMigration(driver, job.uri, job.database, job.driverOptions, (client) => connections.admit(client)),
      (error) => describeConnectFailure(error, job.database),
    );
    const begun = ({ id }: RawSession) => {
      if (id !== undefined) void this.#parent.send({ type: 'transaction', session: new Uint8Array(id.id.buffer) });
    };
    const gate = new Gate({
      client: raw,
      database: job.database,
      own: ownNames(job.ownPrefix),
      beforeWrite: () => this.#reporter.beforeWrite(),
      warn: (message) => void this.#parent.send({ type: 'log', level: 'warn', message, fields: {} }),
      followsReads: job.rehearsal === true,
      transactionBegun: begun,
    });
    this.#gate = gate;
    this.#watchConnections(gate, raw);
    if (job.journal !== undefined) {
      const throttle = this.#throttle(raw, gate);
      const opening = openJournal({ gate, client: raw, driver, job: job.journal, throttle, begun });
      this.#journal = await this.#failing(opening, (error) => this.#describe(error, false));
    }
    this.#reporter.follow(gate);
    const { client, membrane } = wrapClient(raw, gate, driver);
    const models = this.#bindModels(client, modelsModule);
    const enclosing = migration.facts.transaction ? await begin(raw, gate) : undefined;
    const send = (message: FromChild) => void this.#parent.send(message);
    const context: MigrationContext = {
      db: client.db(job.database),
      client,
      models,
      session: enclosing === undefined ? undefined : membrane.out(enclosing),
      batch: batchOf({
        ...{ gate, driver, raw, client, source, send, migration: job.name },
        ...{ signal: this.#stop.signal, rehearsal: job.rehearsal === true },
        ...{ note: (text: string) => void this.#notes.add(text) },
      }),
      log: migrationLog(source, send),
      signal: this.#stop.signal,
    };
    this.#startedAt = performance.now();
    timers.begin();
    const replay = this.#journal?.replay;
    this.#refuseDiverged('so far');
    const code = Promise.resolve().then(() => call(migration, step, context));
    // Code that tries again and again what is refused need not be waited for.
    const running = this.#watched(replay === undefined ? code : Promise.race([code, replay.divergence]));
    // What user code made of it does not count where it went another way than before: nothing of that way was done.
    await running.catch((error: unknown) => {
      this.#refuseDiverged('whole');
      throw error;
    });
    this.#refuseDiverged(enclosing === undefined ? 'whole' : 'so far');
    await this.#watched(this.#refuseDangling(gate));
    const open = timers.open();
    if (open.length > 0) {
      const set = open.length === 1 ? 'a timer that was' : 'timers that were';
      this.#warn(
        `${job.direction} returned before ${set} set at ${shortList(open)} had run out: what was to be done then is not waited for, and not done.`,
      );
    }
    // Whatever the code made of that error: of one write it is not known whether it was done.
    gate.refuseWhenClosed();
    this.#returned = true;
    if (enclosing !== undefined) {
      const committing = commit(enclosing, job.journal?.patienceMs);
      await this.#failing(committing, (error) => this.#describe(error, false));
      this.#refuseDiverged('whole');
    }
    this.#durationMs = performance.now() - this.#startedAt;
    if (job.direction === 'up') await this.#warnOfMissing(gate);
  }

  /** A batch has said it already. */
  async #warnOfMissing(gate: Gate): Promise<void> {
    for (const name of await missingCollections(gate)) {
      if ([...this.#notes].some((note) => note.includes(thereIsNone(name)))) continue;
      this.#warn(`What it was to change in ${name} changed nothing: ${thereIsNone(name)}.`);
    }
  }

  #throttle(client: MongoClient, { refuseWhenClosed }: Gate): Throttle {
    const settings = this.#job.throttle;
    if (settings === undefined) return { pause: async () => {} };
    const say = (level: 'info' | 'warn', message: string) =>
      void this.#parent.send({ type: 'log', level, message, fields: {} });
    return new ServerThrottle({ client, settings, say, refuseWhenClosed });
  }

  /** The promise of user code, or what it threw elsewhere meanwhile. */
  #watched<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#unseen.promise]).catch((error: unknown) => {
      if (error instanceof Failure) throw error;
      const unseen = error instanceof Unseen;
      this.#thrown = unseen ? error.thrown : error;
      throw new Failure(this.#describe(this.#thrown, unseen));
    });
  }

  async #failing<T>(promise: Promise<T>, describe: (error: unknown) => ChildError): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      throw new Failure(describe(error));
    }
  }

  #describe(error: unknown, unseen: boolean): ChildError {
    if (this.#source === undefined) throw error;
    if (error instanceof ReleaseError && error.code === 'MIGRATION_INVALID') return asChildError(error);
    const lastRead = this.#gate && this.#driver && lastReadOf(this.#gate, this.#driver);
    return describeFailure(error, this.#source, this.#gate?.books.callOf(error), unseen, lastRead);
  }

  async #loadModels(path: string): Promise<Readonly<Record<string, unknown>>> {
    const source = sourceAt(path, this.#loaded.words, this.#job.showValues);
    // A refused connection that nobody waits for is told by this.
    return loadModels(source, this.#loaded);
  }

  #watchConnections(gate: Gate, raw: RawClient): void {
    const { connections, processes } = this.#loaded;
    this.#refuseConnected();
    // Whatever the code makes of it: nothing more is written.
    const refused = (reason: ReleaseError) => gate.close(reason);
    if (this.#job.rehearsal) {
      connections.refuse(refused);
      processes.tell(refused);
      return;
    }
    const say = (hosts: string) =>
      `The migration connected to ${hosts} by itself: what it wrote there is neither counted nor on record, and nothing takes it back.`;
    const opened = (hosts: string) => {
      this.#warn(say(hosts));
    };
    connections.allow({ beside: raw, opened, refused });
  }

  /** On record, and for whoever looks on. */
  #warn(message: string): void {
    this.#notes.add(message);
    void this.#parent.send({ type: 'log', level: 'warn', message, fields: {} });
  }

  #refuseConnected(): void {
    const { refused } = this.#loaded.connections;
    if (refused !== undefined) throw new Failure(asChildError(refused));
  }

  #bindModels(client: MongoClient, exports: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
    let models: Record<string, unknown> = {};
    for (const mongoose of this.#loaded.mongooses.values()) {
      bindMongoose(mongoose, client);
      models = { ...modelsOf(mongoose), ...models };
    }
    if (exports === undefined) return models;
    const all = { ...models, ...exportedModels(exports) };
    if (Object.keys(all).length === 0) {
      throw new ReleaseError('MODELS_INVALID', "The models' module has no Mongoose model.", {
        hint: 'Export the models from it: export const City = mongoose.model("City", citySchema).',
      });
    }
    return all;
  }

  /** `whole`: nothing more comes by which it could still be what it was before. */
  #refuseDiverged(run: 'whole' | 'so far'): void {
    const { replay } = this.#journal ?? {};
    if (run === 'whole') replay?.end();
    if (replay?.diverged !== undefined) throw new Failure(asChildError(replay.diverged));
  }

  async #refuseDangling(gate: Gate): Promise<void> {
    const left = await dangling(gate);
    if (left.length === 0) return;
    throw new Failure({
      code: 'MIGRATION_DANGLING',
      message: `${this.#job.direction} returned while it was still at work: ${shortList(left)}.`,
      hint: 'Await every call (await Promise.all(list.map(…)), not list.forEach(async …)), and run it again.',
    });
  }

  #close(message: string): void {
    this.#gate?.close(
      new ReleaseError('GATE_CLOSED', message, {
        hint: 'Await every call, so that the migration ends when its work does.',
      }),
    );
  }

  async #markRefusals(): Promise<void> {
    const { journal, replay } = this.#journal ?? {};
    if (journal === undefined || replay?.diverged !== undefined) return;
    // Without the marks the next run is told the same once more, ends with it, and marks it.
    await Promise.race([journal.failed(this.#thrown).catch(() => {}), sleep(settleMs)]);
  }

  async #end(outcome: ChildEnd['outcome']): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const gate = this.#gate;
    if (this.#durationMs === 0 && this.#startedAt !== undefined) this.#durationMs = performance.now() - this.#startedAt;
    if (gate !== undefined) {
      this.#close('The migration has ended.');
      await settled(gate, settleMs);
      for (const session of gate.transactions.open()) await abort(session);
    }
    if (outcome.state === 'failed') await this.#markRefusals();
    const state = this.#reporter.state();
    const notes = [...(this.#journal?.notes() ?? []), ...this.#notes];
    const end = { ...state, outcome, notes, durationMs: Math.round(this.#durationMs) };
    await this.#parent.finish({ type: 'end', end });
  }
}

function shortList(all: readonly string[]): string {
  const more = all.length > 3 ? ` and ${all.length - 3} more` : '';
  return `${all.slice(0, 3).join(', ')}${more}`;
}

function call(migration: Recognised, step: Recognised['up'], context: MigrationContext): unknown {
  return migration.facts.form === 'context' ? step(context) : step(context.db, context.client);
}
