import type { RehearsedWay, WayBackRehearsal } from '../release/rehearsal/result.ts';
import type { Step } from '../release/result.ts';
import type { RestoreLoss, UndoneMigration } from '../release/rollback/result.ts';
import { formatCount, formatDuration, formatTime, plural } from './format.ts';
import { leftDocumentsTable } from './left-documents.ts';
import { stepMark } from './steps.ts';
import type { Block, Cell } from './story.ts';

/** How the ways back went in the sandbox. */
export function wayBackFacts(wayBack: WayBackRehearsal | undefined): (readonly [string, Cell])[] {
  if (wayBack === undefined) return [];
  const { undo, down } = wayBack;
  return [['Undo', wayCell(undo)], ...(down === undefined ? [] : [['Down', wayCell(down)] as const])];
}

function wayCell({ state, why, differences, notes, migrations, durationMs }: RehearsedWay): Cell {
  // Whoever plans with it wants the way alone, without what shows that it leads back.
  const alone = migrations.reduce((sum, one) => sum + one.durationMs, 0);
  const took = `${plural(migrations.length, 'migration')} in ${formatDuration(alone)} (rehearsed in ${formatDuration(durationMs)})`;
  const until = why === undefined ? '' : `; not further: ${why}`;
  switch (state) {
    case 'equal':
      return {
        mark: 'good',
        text: `${took}, and everything is as before${notes.length === 0 ? '' : `, or as good: ${notes.join('; ')}`}${until}`,
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

type Numbers = {
  readonly [Name in keyof UndoneMigration as number extends UndoneMigration[Name] ? Name : never]?: number;
};

/** `Changed` is the sum of all those that are of nothing else. `seldom`: shown where there is any. */
const undoColumns: readonly {
  readonly title: string;
  readonly seldom?: true;
  readonly count: (one: Numbers) => number;
}[] = [
  { title: 'Changed', count: ({ changed = 0 }) => changed },
  { title: 'Put back', count: ({ documents = 0 }) => documents },
  { title: 'of which around users’ writes', seldom: true, count: ({ merged = 0 }) => merged },
  { title: 'of which taken out', seldom: true, count: ({ deleted = 0 }) => deleted },
  { title: 'of which put in again', seldom: true, count: ({ inserted = 0 }) => inserted },
  {
    title: 'By downDocument',
    seldom: true,
    count: ({ downDocuments = 0, downCreated = 0 }) => downDocuments - downCreated,
  },
  { title: 'Left to users', count: ({ quarantined = 0 }) => quarantined },
  { title: 'Deleted by users', seldom: true, count: ({ deletedSince = 0 }) => deletedSince },
  { title: 'As before already', seldom: true, count: ({ asBefore = 0 }) => asBefore },
  {
    title: 'Beside them, created by users: by downDocument',
    seldom: true,
    count: ({ downCreated = 0 }) => downCreated,
  },
];

/** What an undo did, or would do, with the documents that the migration changed. */
export function undoTable(title: string, undo: readonly UndoneMigration[]): Block[] {
  if (undo.length === 0) return [];
  // A rollback that an older version began has not all of them on record.
  const columns = undoColumns.filter(({ seldom, count }) => !seldom || undo.some((one) => count(one) > 0));
  return [
    {
      kind: 'table',
      title,
      columns: [{ title: 'Migration' }, ...columns.map((column) => ({ title: column.title, numeric: true }))],
      rows: undo.map((one): Cell[] => [
        { name: one.name },
        ...columns.map(({ count }) => ({ text: formatCount(count(one)) })),
      ]),
    },
    ...leftDocumentsTable('Left to users', undo),
    ...leftList(undo),
    ...createdSinceList(undo),
  ];
}

/** What an undo would do, and above all what it would leave as users have it. */
export function undoSentence(undo: readonly UndoneMigration[]): string {
  const sum = (of: (one: UndoneMigration) => number) => undo.reduce((total, one) => total + of(one), 0);
  const quarantined = sum((one) => one.quarantined);
  const deleted = sum((one) => one.deletedSince ?? 0);
  const created = undo.flatMap(({ createdSince }) => createdSince);
  const counted = created.reduce((total, { documents }) => total + (documents === 'unknown' ? 0 : documents), 0);
  const unknown = [...new Set(created.flatMap((one) => (one.documents === 'unknown' ? [one.collection] : [])))];
  const left = sum((one) => one.left?.length ?? 0);
  const stays = [
    quarantined > 0 ? `${plural(quarantined, 'document')} that users wrote to, in quarantine` : undefined,
    counted > 0 ? `${plural(counted, 'document')} that they created since` : undefined,
    deleted > 0 ? `${plural(deleted, 'document')} that they deleted since` : undefined,
    unknown.length > 0 ? `what they created in ${unknown.join(', ')} since, if anything` : undefined,
    left > 0 ? `${plural(left, 'thing')} of the catalog` : undefined,
  ].filter((part) => part !== undefined);
  const back = `An undo would put ${plural(
    sum((one) => one.documents + one.downDocuments),
    'document',
  )} back`;
  const touching = undo.filter((one) => one.changed > 0 || one.downDocuments > 0 || one.createdSince.length > 0);
  const each = touching.length > 1 ? ' A document of several migrations counts once for each.' : '';
  return `${back}, and leave ${stays.length === 0 ? 'nothing as it is now' : `as they are: ${stays.join('; ')}`}.${each}`;
}

/** Collections, indexes and options that stay as others left them. */
function leftList(undo: readonly UndoneMigration[]): Block[] {
  // A rollback that an older version began has none on record.
  const items = undo.flatMap(({ name, left = [] }) => left.map(({ why }) => `${why} (${name})`));
  return items.length === 0 ? [] : [{ kind: 'list', title: 'Of the catalog, left as it is', items }];
}

/** The steps of a rollback, each as it went the last time, and in the order of that. */
export function playbookTable(steps: readonly Step[]): Block[] {
  if (steps.length === 0) return [];
  return [
    {
      kind: 'table',
      title: 'Steps of the way back',
      columns: [{ title: 'Step' }, { title: 'State' }, { title: 'Took', numeric: true }, { title: 'Note' }],
      rows: steps.map(({ name, state, durationMs, attempt, note = '' }): Cell[] => [
        { name },
        { mark: stepMark(state), text: state },
        { text: state === 'skipped' ? '' : tookOf(durationMs, attempt) },
        { text: note },
      ]),
    },
  ];
}

function tookOf(durationMs: number | undefined, attempt: number | undefined): string {
  const which = attempt === undefined ? [] : [`attempt ${attempt}`];
  return [...which, ...(durationMs === undefined ? [] : [formatDuration(durationMs)])].join(', ');
}

/** What a restore has lost. */
export function lossSentence(loss: RestoreLoss): string {
  const kept = loss.kept === undefined ? '' : ' What users wrote last is kept aside.';
  if (loss.writes === null) return `How much users had written since is not known: ${loss.why}.${kept}`;
  const series = notCountedInWords(loss.notCounted);
  if (loss.writes === 0 && kept !== '') return `${kept.trimStart()}${series}`;
  if (loss.writes === 0)
    return series === ''
      ? 'Users had written nothing since.'
      : `How much users had written since is not known.${series}`;
  const but = kept === '' ? '' : ', but for the last of them, which are kept aside';
  return `${plural(loss.writes, 'write')} of users since ${formatTime(loss.since)} went with it${but}.${series}`;
}

/** A sentence that follows on the number; empty where nothing is left out of it. */
export function notCountedInWords(series: readonly string[] = []): string {
  return series.length === 0 ? '' : ` Not counted: what was written to the time series ${series.join(', ')}.`;
}

/** What is in the new shape without the migration's doing; the fields alone do not tell since when. */
function createdSinceList(undo: readonly UndoneMigration[]): Block[] {
  const items = undo.flatMap(({ name, createdSince }) =>
    createdSince.map(({ collection, documents, ids }) => {
      if (documents === 'unknown') return `${collection} (${name}): nobody can tell, since no field is new`;
      const more = documents > ids.length ? ', …' : '';
      return `${collection} (${name}): ${plural(documents, 'document')}: ${ids.join(', ')}${more}`;
    }),
  );
  return items.length === 0
    ? []
    : [{ kind: 'list', title: 'Stay in the new shape: created since, or so before', items }];
}
