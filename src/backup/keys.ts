import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';

/**
 * Who may read a backup, and with what it is read: recipients and identities of age (age-encryption.org), the format
 * and tool for encrypted files.
 */
export interface BackupKeys {
  /** Public keys (`age1…`). None: the backup is not encrypted. */
  readonly recipients: readonly string[];
  /** Private keys (`AGE-SECRET-KEY-…`), all of which are tried. */
  readonly identities: readonly string[];
}

export const noKeys: BackupKeys = { recipients: [], identities: [] };

/**
 * The identities of a key file, as `age-keygen` writes it: one a line, with comments. Every one of them is a secret from
 * then on. Throws `IDENTITY_INVALID` where a line is none; the line itself is never quoted. `where` names the file or
 * variable.
 */
export function parseIdentities(text: string, where: string, secrets: Secrets): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  for (const identity of identities) secrets.add(identity);
  if (identities.length === 0 || !identities.every((line) => /^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(line))) {
    throw new ReleaseError('IDENTITY_INVALID', `${where} holds no identity of age.`, {
      hint: 'An identity is a line that begins with AGE-SECRET-KEY-1, as age-keygen writes it.',
    });
  }
  return identities;
}

/**
 * The keys with one more recipient, whose identity exists in this process alone: so a run can verify and rehearse on the
 * backup that it has just taken where the readers' private keys are kept away from it.
 */
export async function withOwnKey(keys: BackupKeys): Promise<BackupKeys> {
  if (keys.recipients.length === 0) return keys;
  const age = await import('age-encryption');
  // age refuses to mix recipients that withstand quantum computers with ones that do not.
  const hybrid = keys.recipients.every((recipient) => /^age1(pq|tagpq)1/.test(recipient));
  const identity = await (hybrid ? age.generateHybridIdentity() : age.generateX25519Identity());
  return {
    recipients: [...keys.recipients, await age.identityToRecipient(identity)],
    identities: [...keys.identities, identity],
  };
}
