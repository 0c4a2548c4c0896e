import type { Invocation } from '../config/invocation.ts';
import type { Target } from '../config/target.ts';
import { type Connection, connect } from '../mongo/connect.ts';
import { type OwnNames, ownNames } from '../mongo/own.ts';
import type { Log } from '../observe/log.ts';
import type { Secrets } from '../observe/secrets.ts';

/** Who runs this, and where: what records and messages say of it. */
export interface Origin {
  readonly host: string;
  readonly pid: number;
  /** A person's or a bot's name. */
  readonly actor?: string;
  readonly runUrl?: string;
  readonly commit?: string;
  /** A runner of GitHub's, whose disk is gone after the job. */
  readonly hosted: boolean;
}

/** What a door hands to a use case: the one way in which the world outside reaches the inner rooms. */
export interface Run {
  readonly invocation: Invocation;
  readonly releaseId: string;
  /** Its first moment. */
  readonly startedAt: Date;
  /** The database that it makes a copy in, beside its target's: what it puts on record there is not the target's. */
  readonly into?: string;
  readonly log: Log;
  readonly secrets: Secrets;
  /** Fires with `cancelled()` when the run is cancelled; what is under way is then brought to a safe end. */
  readonly signal: AbortSignal;
  /** The environment, for the variables that the configuration names. Children get an allow-list of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly origin: Origin;
  readonly toolVersion: string;
  /** Whether a person at a terminal may see what migrations print. */
  readonly showValues: boolean;
  /** Is told what the project's code loads, by whoever wants to know: see code.ts. */
  readonly onLoaded?: (files: ReadonlyMap<string, string>) => void;
  /** Whether asking for it is consent enough to a restore that loses nothing: where nobody can be asked, as in a workflow. A doubt it does not settle. */
  readonly consents?: boolean;
  /** Asks a person a yes-or-no question; undefined where nobody can answer. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

export function targetOf(run: Run): Target {
  const { target, command } = run.invocation;
  if (target === undefined) throw new Error(`${command} was resolved without a target`);
  return target;
}

export function namesOf(run: Run): OwnNames {
  return ownNames(run.invocation.settings.collections.prefix);
}

/** Opens the target. `read` uses the credential that only reads, where there is one. */
export function openTarget(run: Run, access: 'read' | 'write'): Promise<Connection> {
  const target = targetOf(run);
  const uri = access === 'read' ? (target.readUri ?? target.uri) : target.uri;
  return connect(uri, {
    database: target.database,
    secrets: run.secrets,
    clientOptions: uri === target.uri ? target.driverOptions : undefined,
  });
}

/** What reports say of the target. */
export function aboutTarget(run: Run, connection: Connection) {
  const { name, environment } = targetOf(run);
  return { name, environment, database: connection.db.databaseName };
}

/** Throws `CANCELLED` once the run was cancelled: to be asked between two steps. */
export function stopIfCancelled(run: Run): void {
  run.signal.throwIfAborted();
}
