import type { RehearsedWay, WayBackRehearsal } from '../release/result.ts';
import { formatDuration, plural } from './format.ts';
import type { Cell } from './story.ts';

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
