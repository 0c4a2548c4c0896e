import { Duplex } from 'node:stream';
import { ReleaseError } from '../../observe/error.ts';
import { archiveDamaged } from './damage.ts';

/** Added to the name of an encrypted archive. `age -d -i KEY FILE` makes the archive without it. */
export const encryptedEnding = '.age';

/**
 * Encrypts to all of these recipients in the format of age. Throws `RECIPIENT_INVALID` for one that is none.
 */
export async function encryptor(recipients: readonly string[]): Promise<Duplex> {
  const age = await import('age-encryption');
  const encrypter = new age.Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw new ReleaseError('RECIPIENT_INVALID', `${shown(recipient)} is no recipient of age.`, {
        hint: 'A recipient is a public key that begins with age1, as age-keygen prints it.',
        cause: error,
      });
    }
  }
  return Duplex.from(async function* encrypted(source: AsyncIterable<Uint8Array>) {
    yield* await encrypter.encrypt(ReadableStream.from(source));
  });
}

/**
 * Decrypts with whichever of the identities fits. Throws `IDENTITY_WRONG` where none does, and `ARCHIVE_DAMAGED` for
 * anything that is not what was encrypted. A flipped bit in the header looks like a wrong key: whoever has a digest of
 * the file asks that first. `file` is the archive's name.
 */
export async function decryptor(identities: readonly string[], file: string): Promise<Duplex> {
  const age = await import('age-encryption');
  const decrypter = new age.Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  return Duplex.from(async function* decrypted(source: AsyncIterable<Uint8Array>) {
    // Asked after all others, so none of them fits.
    let asked = false;
    decrypter.addIdentity({
      unwrapFileKey() {
        asked = true;
        return null;
      },
    });
    const failed = (error: unknown) => {
      if (error instanceof ReleaseError) return error;
      return asked ? identityWrong(file, error) : archiveDamaged('it cannot be decrypted', file, error);
    };
    let sourceFailure: { readonly error: unknown } | undefined;
    const watched = async function* () {
      try {
        yield* source;
      } catch (error) {
        sourceFailure = { error };
        throw error;
      }
    };
    try {
      yield* await decrypter.decrypt(ReadableStream.from(watched()));
    } catch (error) {
      throw sourceFailure === undefined ? failed(error) : sourceFailure.error;
    }
  });
}

function identityWrong(file: string, cause: unknown): ReleaseError {
  return new ReleaseError('IDENTITY_WRONG', `None of the identities given opens ${file}.`, {
    hint: 'The manifest lists the recipients that it was encrypted to; give the identity of one of them.',
    cause,
  });
}

/** Public, but whoever confused the two keys has the private one here. */
function shown(recipient: string): string {
  return /^age1[a-z0-9]+$/.test(recipient) ? recipient : 'A text that does not begin with age1';
}
