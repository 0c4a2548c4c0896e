import type { CommandName } from '../config/commands.ts';
import type { Environment, Settings } from '../config/schema.ts';
import type { Connection } from '../mongo/connect.ts';
import type { OwnNames } from '../mongo/own.ts';
import type { Finding } from '../observe/finding.ts';

/** What a guard may look at. It only reads. */
export interface GuardContext {
  /** The target, with the credential that the command is going to use. */
  readonly connection: Connection;
  readonly environment: Environment;
  /** What is about to start: decides which privileges it needs. */
  readonly command: CommandName;
  /** Whether the target is going to be changed. */
  readonly apply: boolean;
  readonly settings: Settings['guards'];
  readonly own: OwnNames;
  /** What kind of store backups go to; undefined where none is configured. */
  readonly store?: 'folder' | 's3';
  /** What keeps those from reading backups who may only read the store; undefined where nothing does. */
  readonly encryption?: 'age' | 'a key of the bucket' | 'Atlas';
  /** A runner whose disk is gone after the job. */
  readonly hosted: boolean;
}

/** What a guard saw: a short text for the report, and what speaks against starting. */
export interface Observation {
  readonly seen: string;
  /** Those of severity `error` block. */
  readonly findings: readonly Finding[];
}

/** The guard could not look. `next` is what would let it. */
export interface Unseen {
  readonly unknown: string;
  readonly next: string;
}

/** One check that a release may start. */
export interface Guard {
  /** Stable; also the rule id of its findings. */
  readonly id: string;
  /** What speaks against a start, and whether it blocks one; for the table in docs/errors.md. */
  readonly about: string;
  /** Where it could not look, it blocks an apply outside production, too. */
  readonly mustSee?: true;
  /** Whether there is anything to check here; without it always. */
  applies?(context: GuardContext): boolean;
  check(context: GuardContext): Promise<Observation | Unseen>;
}

/** `unknown`: it could not look, which is never a pass; it blocks an apply in production, and one that `mustSee` everywhere. */
export type GuardState = 'passed' | 'blocked' | 'unknown';

export interface GuardResult {
  readonly id: string;
  readonly state: GuardState;
  readonly seen: string;
  readonly findings: readonly Finding[];
  readonly durationMs: number;
}
