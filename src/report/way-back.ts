import type { RehearsedWay, UndoneMigration, WayBackRehearsal } from '../release/result.ts';
import { formatCount, formatDuration, plural } from './format.ts';
import type { Block, Cell } from './story.ts';

/** How the ways back went in the sandbox. */
export function wayBackFacts(wayBack: WayBackRehearsal | undefined): (readonly [string, Cell])[] {
  if (wayBack === undefined) return [];
  const { undo, down } = wayBack;
  return [['Undo', wayCell(undo)], ...(down === undefined ? [] : [['Down', wayCell(down)] as const])];
}

function wayCell({ state, why, differences, notes, migrations, durationMs }: RehearsedWay): Cell {
  const took = `${plural(migrations.length, 'migration')} in ${formatDuration(durationMs)}`;
  const until = why === undefined ? '' : `; not further: ${why}`;
  switch (state) {
    case 'equal':
      return {
        mark: 'good',
        text: `${took}, and everything is as before${[...notes.map((note) => `; ${note}`), until].join('')}`,
      };
    case 'differs':
      return { mark: 'bad', text: `${took}, and not everything is as before: ${differences.join('; ')}${until}` };
    case 'failed':
      return { mark: 'bad', text: `failed after ${took}` };
    case 'not-compared':
      return { mark: 'warning', text: `${took}, and nothing tells what was there before${until}` };
    case 'impossible':
      return { mark: 'warning', text: `none: ${why}` };
  }
}

/** What an undo did, or would do, in documents; each counts once. */
export function undoTable(title: string, undo: readonly UndoneMigration[]): Block[] {
  if (undo.length === 0) return [];
  const columns = ['Migration', 'Put back', 'Around users’ writes', 'Taken out', 'Put in again', 'Left to users'];
  return [
    {
      kind: 'table',
      title,
      columns: columns.map((column, i) => ({ title: column, ...(i > 0 && { numeric: true }) })),
      rows: undo.map(({ name, documents, merged, deleted, inserted, quarantined }): Cell[] => [
        { name },
        ...[documents, merged, deleted, inserted, quarantined].map((n) => ({ text: formatCount(n) })),
      ]),
    },
  ];
}
