import type { LeftDocuments } from '../migration/undo/why-left.ts';
import { formatCount, plural } from './format.ts';
import type { Block, Cell } from './story.ts';

/** The server's code for a document that a validator refuses. */
const documentValidationFailure = 121;

/** Why documents stay as users left them. */
export function reasonInWords({ reason, index, code }: LeftDocuments): string {
  switch (reason) {
    case 'same-fields':
      return 'users and the migration wrote to the same fields';
    case 'inserted':
      return 'users wrote to what the migration inserted';
    case 'name-twice':
      return 'a field name stands twice';
    case 'unique':
      return `another document has the unique value${index === undefined ? '' : ` (index ${index})`}`;
    case 'refused':
      return code === documentValidationFailure
        ? 'the validator does not take what was there before'
        : `the server does not take what was there before (${code})`;
    case 'made-again':
      return 'the migration deleted it, and users made it again';
    case 'gone':
      return 'users have dropped or renamed the collection';
    case 'too-large':
      return 'too large to be kept on its way';
    case 'created':
      return 'users created it since';
    case 'unknown':
      return 'not on record';
  }
}

interface Undone {
  readonly name: string;
  readonly conflicts?: readonly LeftDocuments[];
}

/** Documents that stay as users left them, by collection and reason. A rollback that an older version began has none on record. */
export function leftDocumentsTable(title: string, undo: readonly Undone[]): Block[] {
  const rows = undo.flatMap(({ name, conflicts = [] }) =>
    conflicts.map((one): Cell[] => [
      { name },
      { name: one.collection },
      { text: reasonInWords(one) },
      { text: formatCount(one.documents) },
      { names: one.fields ?? [] },
    ]),
  );
  const columns = ['Migration', 'Collection', 'Why', 'Documents', 'Fields'].map((column) => ({
    title: column,
    ...(column === 'Documents' && { numeric: true }),
  }));
  return rows.length === 0 ? [] : [{ kind: 'table', title, columns, rows }];
}

/** The same in a line: `towns: 2, since users and the migration wrote to the same fields: mayor`. */
export function leftInWords(conflicts: readonly LeftDocuments[]): string {
  return conflicts
    .map((one) => {
      const fields = one.fields === undefined ? '' : `: ${one.fields.join(', ')}`;
      return `in ${one.collection} ${plural(one.documents, 'document')}, since ${reasonInWords(one)}${fields}`;
    })
    .join('; ');
}
