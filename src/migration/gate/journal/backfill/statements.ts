import type { AnyBulkWriteOperation } from 'mongodb';
import { filterOfId } from '../imaging.ts';
import type { Write } from './description.ts';
import type { Row } from './rows.ts';

/** The statement that does this with one document; undefined where it stays as it is. `guard`: what it must still fit. */
export function statementFor(row: Row, write: Write, guard: object = {}): AnyBulkWriteOperation | undefined {
  const filter = { ...guard, ...filterOfId(row.id) };
  switch (write.kind) {
    case 'keep':
      return undefined;
    case 'update':
      return { updateOne: { filter, update: write.update as object } };
    case 'replace':
      return { replaceOne: { filter, replacement: write.document } };
    case 'delete':
      return { deleteOne: { filter } };
  }
}

/** Index of the statement of a bulk that the server refused; undefined for an error of another kind. By shape, for every driver. */
export function refusedStatement(error: unknown): number | undefined {
  const { writeErrors } = error as { writeErrors?: unknown };
  const [first] = Array.isArray(writeErrors) ? writeErrors : [writeErrors];
  const index = (first as { index?: unknown } | undefined)?.index;
  return typeof index === 'number' ? index : undefined;
}
