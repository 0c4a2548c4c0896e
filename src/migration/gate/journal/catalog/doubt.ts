import { ReleaseError } from '../../../../observe/error.ts';
import type { EntryNamespace } from '../../../journal/documents.ts';
import type { Call } from '../../call.ts';

/** A call of an interrupted run of which nobody can tell whether it was done. */
export function inDoubt({ method, namespace }: Pick<Call, 'method' | 'namespace'>, why: string): ReleaseError {
  return new ReleaseError(
    'OPERATION_IN_DOUBT',
    `The migration was interrupted while it ran ${method} on ${named(namespace)}, and nobody can tell whether that was done: ${why}.`,
    {
      hint: `Look at ${named(namespace)}: if the migration's work is done, or after finishing it by hand, type mongo-release baseline with its name.`,
    },
  );
}

export function named({ database, collection }: EntryNamespace): string {
  return collection === undefined ? database : `${database}.${collection}`;
}
