import type { Log } from '../observe/log.ts';
import type { Secrets } from '../observe/secrets.ts';
import type { SandboxEnvironment } from './environment.ts';

export type SandboxOrigin = 'address' | 'binary' | 'path' | 'docker' | 'download' | 'wheel';

/** A throw-away replica set that is running. */
export interface Sandbox extends AsyncDisposable {
  /** Connection string with user and password of a user with role root; names no database. */
  readonly uri: string;
  /** Version that runs, such as `6.0.5`: not always the one that was asked for. */
  readonly serverVersion: string;
  readonly origin: SandboxOrigin;
  /** Where it came from, for people: `mongod on PATH`, `Docker image mongo:7.0`. */
  readonly description: string;
  /** Fires with `SANDBOX_UNAVAILABLE` when the server ends, or is taken away, before `stop`. */
  readonly lost: AbortSignal;
  /**
   * Ends the server and removes its folder; of a sandbox at an address, drops the databases that were made in it.
   * May be called more than once. Does not throw: what could not be removed is said in the log.
   */
  stop(): Promise<void>;
}

/** What is compared to make sure that an address is no member of a target; a `Topology` fits. */
export interface SandboxTarget {
  readonly setName?: string;
  readonly hosts: readonly string[];
  readonly replicaSetId?: string;
}

export interface SandboxOptions {
  readonly environment: SandboxEnvironment;
  /** A running server to use instead of starting one. Refused unless it is safe; never falls back to another source. */
  readonly sandboxUri?: string;
  /** Path of the mongod to use. Never falls back to another source either: whoever names one wants that one. */
  readonly mongod?: string;
  /** Version that is wanted, such as the target's `7.0.2`. Another one is used where it is all there is, with a warning. */
  readonly serverVersion?: string;
  /** The targets of this run. */
  readonly targets?: readonly SandboxTarget[];
  readonly log: Log;
  readonly secrets: Secrets;
  /** Ends the search and the start. A sandbox that runs is ended by `stop` alone. */
  readonly signal?: AbortSignal;
  /** WiredTiger's cache, in GB. Default 1, 0.5 where less than 4 GB are free; the server's own would be half of the memory. */
  readonly cacheSizeGB?: number;
  /** Further server parameters (`--setParameter`), such as `{ enableTestCommands: '1' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** One way of getting a mongod, tried: it runs, or why it does not. */
export type Attempt =
  | { readonly kind: 'started'; readonly sandbox: Sandbox }
  | { readonly kind: 'unavailable'; readonly reason: string };
