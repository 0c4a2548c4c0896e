import { DownDocumentProcess } from '../../migration/down-document.ts';
import type { Attempt } from '../../migration/journal/documents.ts';
import { mostReadBytes, readCurrent } from '../../migration/undo/current.ts';
import { mostAsked } from '../../migration/undo/down-documents.ts';
import { readForwards } from '../../migration/undo/read.ts';
import type { Connection } from '../../mongo/connect.ts';
import { differingFields } from '../../mongo/differing-fields.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import { ReleaseError } from '../../observe/error.ts';
import { plural } from '../../report/format.ts';
import type { Turn } from '../applying/turns.ts';
import { childOptions } from '../child-options.ts';
import { namesOf, type Run } from '../run.ts';

/**
 * Asks the `downDocument` of a migration about the first documents that it changed, as an undo asks where users have
 * written to them, and where they created them. Comes back with what in its answers has another shape than what the
 * migration had found: that may be as it is meant, and is for people to know.
 *
 * Throws `REHEARSAL_FAILED` where it fails for a document, or does not come back with any of them.
 */
export async function askDownDocument(
  run: Run,
  connection: Connection,
  { file }: Turn,
  attempt: Attempt,
): Promise<string[]> {
  const documents = await changedFirst(run, connection, attempt);
  if (documents.length === 0) return [];
  await using process = new DownDocumentProcess(file, { ...childOptions(run), signal: run.signal });
  const about = `downDocument of ${file.name}`;
  const notes: string[] = [];
  for (const [whose, known] of [
    ['written to', true],
    ['created', false],
  ] as const) {
    const asked = documents.map(({ collection, before, now }) =>
      known ? { collection, document: now, before, after: now } : { collection, document: now },
    );
    const answers = await process.ask(asked).catch((error: unknown) => {
      if (!(error instanceof ReleaseError) || error.code === 'CANCELLED') throw error;
      throw refusal(error.message, error.hint);
    });
    const failed = answers.flatMap((answer) => (answer.state === 'failed' ? [answer.error] : []));
    if (failed[0] !== undefined)
      throw refusal(
        `The ${about} failed for ${failed.length} of ${plural(documents.length, 'document')} as users may have ${whose} them: ${failed[0].message}`,
        failed[0].hint,
      );
    const shapes = new Set<string>();
    for (const [at, answer] of answers.entries()) {
      const before = documents[at]?.before;
      if (before === undefined || answer.state !== 'changed') continue;
      for (const { path, before: was, after: is } of differingFields(before, answer.document))
        if (was !== is) shapes.add(`${path} (${was ?? 'absent'}, comes back ${is ?? 'absent'})`);
    }
    const left = answers.filter(({ state }) => state !== 'changed').length;
    if (left > 0)
      notes.push(
        `the ${about} leaves ${left} of ${plural(documents.length, 'document')} as users may have ${whose} them`,
      );
    if (shapes.size > 0)
      notes.push(`the ${about} gives documents ${whose} by users another shape than before: ${[...shapes].join(', ')}`);
  }
  return notes;
}

function refusal(message: string, hint: string): ReleaseError {
  return new ReleaseError('REHEARSAL_FAILED', `${message} The rehearsal did not touch the target.`, { hint });
}

/** As the migration found them, and as they are now; at most as many as are asked about together. */
async function changedFirst(run: Run, { db, client }: Connection, attempt: Attempt) {
  const found: { readonly collection: string; readonly before: Uint8Array; readonly now: Uint8Array }[] = [];
  let bytes = 0;
  for await (const step of readForwards(db, namesOf(run), attempt)) {
    if (step.kind === 'entry') continue;
    const { namespace, images } = step;
    const known = images.flatMap(({ before, after }) => (before && after ? [before] : [])).slice(0, mostAsked);
    const current = await readCurrent(client, namespace, known);
    for (const before of known) {
      const now = current.get(idKey(before));
      if (now === undefined) continue;
      found.push({ collection: namespace.collection ?? '', before, now });
      bytes += before.length + now.length;
      if (found.length === mostAsked || bytes > mostReadBytes) return found;
    }
  }
  return found;
}
