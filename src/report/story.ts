import type { Step } from '../release/result.ts';

/**
 * What a report says, before it is Markdown or a terminal's text: both are rendered from this, so that neither knows
 * something that the other does not.
 */
export interface Story {
  readonly mark: Mark;
  readonly headline: string;
  /** Sentences about how it went, joined by spaces. */
  readonly lead: readonly string[];
  readonly failure?: { readonly code: string; readonly message: string; readonly hint: string };
  /** The most important first: a summary that grows too long is cut at its end. */
  readonly blocks: readonly Block[];
}

export type Mark = 'good' | 'bad' | 'warning' | 'idle' | 'unknown' | 'blocked' | 'back' | 'cancelled' | 'info';

/** `name` comes from users, `text` is a sentence or a few words. */
export type Cell =
  | { readonly name: string }
  | { readonly names: readonly string[] }
  | { readonly text: string }
  | { readonly mark: Mark; readonly text: string };

export interface Column {
  readonly title: string;
  /** Aligned right. */
  readonly numeric?: boolean;
  /** Long: a terminal shows it below the row, behind this sign. */
  readonly below?: string;
}

/** `detail`: a terminal leaves it out of what was applied or failed, so that this stays in sight. */
export type Block = { readonly detail?: boolean } & (
  | {
      readonly kind: 'table';
      readonly title: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: 'facts'; readonly title: string; readonly facts: readonly (readonly [string, Cell])[] }
  | { readonly kind: 'list'; readonly title: string; readonly items: readonly string[] }
  | { readonly kind: 'steps'; readonly title: string; readonly steps: readonly Step[] }
);

export function detailWhere(detail: boolean, blocks: readonly Block[]): Block[] {
  return blocks.map((block) => ({ ...block, detail }));
}
