import type { Timestamp } from 'mongodb';
import type { Attempt } from '../../migration/journal/documents.ts';
import { readCurrent } from '../../migration/undo/current.ts';
import { readForwards } from '../../migration/undo/read.ts';
import { changedSince } from '../../mongo/changed-since.ts';
import { type Difference, describeDifference } from '../../mongo/compare.ts';
import type { Connection } from '../../mongo/connect.ts';
import { differingFields, shownField } from '../../mongo/differing-fields.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import { shownId } from '../../mongo/shown-id.ts';
import { plural } from '../../report/format.ts';

const mostIds = 3;
const mostFields = 5;
/** Of a collection: those that are looked at until enough are found. */
const mostLookedAt = 100_000;

/** A `down` that was run, and the cluster time at which it began. */
export interface DownRun {
  readonly name: string;
  readonly since: Timestamp;
}

/**
 * Differences for people: of documents with the first ones that are not what they were before these attempts, and in which
 * fields; and with what these downs, in their order, have changed beside what their ups had. Throws the driver's errors.
 */
export async function describeWith(
  connection: Connection,
  own: OwnNames,
  attempts: readonly Attempt[],
  differences: readonly Difference[],
  downs: readonly DownRun[] = [],
): Promise<string[]> {
  return await Promise.all(
    differences.map(async (difference) => {
      const text = describeDifference(difference);
      if (difference.kind !== 'documents' && difference.kind !== 'count') return text;
      const { collection } = difference;
      const { ids, fields, changed } = await whichDiffer(connection, own, attempts, collection);
      const which = ids.length === 0 ? '' : `, among them ${ids.join(', ')}${inFields(fields)}`;
      // It says more of what has failed, and keeps nobody from saying that.
      const beside =
        changed === undefined ? [] : await besideThose(connection, changed, downs, collection).catch(() => []);
      return [`${text}${which}`, ...beside].join('; ');
    }),
  );
}

function inFields(fields: ReadonlySet<string>): string {
  return fields.size === 0 ? '' : `, in ${[...fields].slice(0, mostFields).join(', ')}`;
}

/** What each down has changed of documents which its up had passed over: such as were in the new shape before. */
async function besideThose(
  { db }: Connection,
  changed: ReadonlyMap<string, ReadonlySet<string>>,
  downs: readonly DownRun[],
  collection: string,
): Promise<string[]> {
  const [first] = downs;
  if (first === undefined) return [];
  const found = new Map<string, { readonly ids: Map<string, string>; readonly fields: Set<string> }>();
  let atLeast = '';
  for await (const change of changedSince(db, collection, first.since)) {
    if (change === 'more') {
      atLeast = 'at least ';
      break;
    }
    const { at, document, fields } = change;
    const { name } = downs.findLast(({ since }) => at.greaterThan(since)) ?? first;
    if (changed.get(name)?.has(idKey(document))) continue;
    const of = found.get(name) ?? { ids: new Map(), fields: new Set() };
    found.set(name, of);
    of.ids.set(idKey(document), shownId(document));
    for (const field of fields) of.fields.add(field.split('.').map(shownField).join('.'));
  }
  return [...found].map(([name, { ids, fields }]) => {
    const shown = [...ids.values()].slice(0, mostIds).join(', ');
    return `the down of ${name} changed ${atLeast}${plural(ids.size, 'document')} that its up passes over, such as were in the new shape before, among them ${shown}${inFields(fields)}`;
  });
}

/** `changed`: by migration, which documents of the collection its up changed; undefined where those are too many. */
async function whichDiffer({ db, client }: Connection, own: OwnNames, attempts: readonly Attempt[], name: string) {
  const met = new Set<string>();
  const ids: string[] = [];
  const fields = new Set<string>();
  const changed = new Map<string, Set<string>>();
  for (const attempt of attempts) {
    const its = new Set<string>();
    changed.set(attempt.migration, its);
    for await (const step of readForwards(db, own, attempt)) {
      if (step.kind === 'entry' || step.namespace.collection !== name) continue;
      for (const { before, after } of step.images) isNew(its, before ?? after);
      // What a document was before all of them, its first image says.
      const first = step.images.filter(({ before, after }) => isNew(met, before ?? after));
      if (met.size > mostLookedAt) return { ids, fields };
      if (ids.length === mostIds) continue;
      const documents = first.flatMap(({ before, after }) => before ?? after ?? []);
      const current = await readCurrent(client, step.namespace, documents);
      for (const { before, after } of first) {
        const known = before ?? after;
        const now = known && current.get(idKey(known));
        const differing = before && now ? differingFields(before, now) : [];
        if (known === undefined || (before && now ? differing.length === 0 : before === now)) continue;
        ids.push(shownId(known));
        for (const { path } of differing) fields.add(path);
        if (ids.length === mostIds) break;
      }
    }
  }
  return { ids, fields, changed };
}

function isNew(met: Set<string>, document: Uint8Array | undefined): boolean {
  if (document === undefined) return false;
  const key = idKey(document);
  if (met.has(key)) return false;
  met.add(key);
  return true;
}
