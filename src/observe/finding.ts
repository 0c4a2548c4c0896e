export type Severity = 'error' | 'warning' | 'note';

/** One thing that lint, policy or a guard has to say. */
export interface Finding {
  /** Stable id of the rule, such as `history-edited-file`. */
  readonly rule: string;
  readonly severity: Severity;
  /** What it is about: a file, or a name such as a migration's or a guard's. */
  readonly place: { readonly file?: string; readonly line?: number; readonly name?: string };
  readonly message: string;
  /** The next step: the flag, command or change that settles it. */
  readonly next: string;
}
