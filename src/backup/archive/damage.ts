import { ReleaseError } from '../../observe/error.ts';

const hint = 'Use another backup (`mongo-release inspect` lists them, with the same --store), and take a new one.';

/** An archive that is not what was written. `where` is an offset in the uncompressed archive, or a namespace. */
export function archiveDamaged(what: string, where: number | string, cause?: unknown): ReleaseError {
  const place = typeof where === 'number' ? `at byte ${where} of the archive` : `in ${where}`;
  return new ReleaseError('ARCHIVE_DAMAGED', `The backup is damaged: ${what} ${place}.`, {
    hint,
    cause,
    details: typeof where === 'number' ? { offset: where } : { namespace: where },
  });
}

export function archiveMissing(file: string): ReleaseError {
  return new ReleaseError('ARCHIVE_DAMAGED', `The backup's archive ${file} is missing.`, {
    hint,
    details: { namespace: file },
  });
}

/** A manifest that cannot be read, or that was changed after it was written. */
export function manifestDamaged(what: string, id: string, cause?: unknown): ReleaseError {
  return new ReleaseError('MANIFEST_DAMAGED', `The manifest of backup ${id} is damaged: ${what}.`, {
    hint,
    cause,
    details: { backup: id },
  });
}
