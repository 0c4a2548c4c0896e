import type { Finding } from '../../observe/finding.ts';
import type { SourceNote } from '../source-scan/scan.ts';
import type { JournalKind, MigrationFacts, RunNote, RunPlan } from '../types.ts';

export type { JournalKind, RunNote, RunPlan } from '../types.ts';

/** A `Topology`'s kind; `unknown` where no server was asked. */
export type ServerKind = 'replica-set' | 'sharded' | 'standalone' | 'unknown';

export interface HowItRuns {
  readonly server: ServerKind;
  /** As configured. */
  readonly journal: Exclude<JournalKind, 'none'>;
}

export const standaloneNote: RunNote = {
  rule: 'run-standalone',
  severity: 'warning',
  message:
    'runs without transactions and journal, since the target is a standalone server: after a kill nobody knows how far it got, and it begins from its top',
  next: 'Make the server a replica set of one: start it with --replSet rs0, then type rs.initiate() in mongosh.',
};

const noTransaction: RunNote = {
  rule: 'run-transaction-unavailable',
  severity: 'error',
  message: 'asks for a transaction, and the target is a standalone server, which has none',
  next: 'Make the server a replica set of one, or take transaction: true out of the migration.',
};

/** How one migration is going to be run. Pure. */
export function runOf(
  { transaction }: Pick<MigrationFacts, 'transaction'>,
  said: readonly SourceNote[],
  { server, journal: configured }: HowItRuns,
): RunPlan {
  if (server === 'standalone') {
    const notes = said.filter((note) => !note.ofJournal && note.costs === undefined).map(noted);
    return {
      ...{ journal: 'none', transaction, batches: false, resumable: false, undoable: false },
      notes: [...(transaction ? [noTransaction] : []), standaloneNote, ...notes],
    };
  }
  // All of it or nothing: there is never a half of it to go on from, and nothing to cut.
  const kept = said.filter((note) => !(transaction && note.ofJournal) && !(configured !== 'images' && note.ofImages));
  const costs = (what: SourceNote['costs']) => kept.some((note) => note.costs === what);
  const undoable = configured === 'images' && !costs('images');
  const lacking =
    configured === 'images' ? 'no images are kept of all that it does' : 'migrations.journal keeps no images';
  const then = undoable
    ? 'what it did is undone, and it begins afresh'
    : `nor undone, since ${lacking}: it stops with exit code 8`;
  return {
    journal: configured,
    transaction,
    batches: !transaction && !costs('batches'),
    resumable: !costs('resuming') && !costs('images'),
    undoable,
    notes: kept.map((note) =>
      noted(note.costs === 'resuming' ? { ...note, message: `${note.message}; ${then}` } : note),
    ),
  };
}

function noted({ rule, severity, message, next, line }: SourceNote): RunNote {
  return { rule, severity, message, next, line };
}

/** The notes of a plan's migrations as findings; what is so for all of them is said once. */
export function runFindings(pending: readonly { readonly name: string; readonly run: RunPlan }[]): Finding[] {
  const everywhere = pending.some(({ run }) => run.notes.includes(standaloneNote));
  const { rule, severity, message, next } = standaloneNote;
  const once: Finding = { rule, severity, next, place: {}, message: `Every migration ${message}.` };
  return [
    ...(everywhere ? [once] : []),
    ...pending.flatMap(({ name, run }) =>
      run.notes
        .filter((note) => note !== standaloneNote)
        .map(({ rule, severity, message, next, line }): Finding => {
          const place = line === undefined ? { name } : { name, line };
          return { rule, severity, place, message: `${name} ${message}.`, next };
        }),
    ),
  ];
}
