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

export const noKeys: RunKeys = { recipients: [], identities: [] };

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

/** The keys of one run. */
export interface RunKeys extends BackupKeys {
  /** Of an identity among `identities` that exists in this process alone; only where there are recipients. */
  readonly ownRecipient?: string;
}

/**
 * The keys with one more, made for this run and gone with it: so a run can verify and rehearse on the backup that it has
 * just taken where the readers' private keys are kept away from it.
 */
export async function withOwnKey(keys: BackupKeys): Promise<RunKeys> {
  if (keys.recipients.length === 0) return keys;
  const age = await import('age-encryption');
  // A weaker key beside ones that withstand quantum computers would be the way in.
  const hybrid = keys.recipients.every((recipient) => /^age1(pq|tagpq)1/.test(recipient));
  const identity = await (hybrid ? age.generateHybridIdentity() : age.generateX25519Identity());
  return {
    recipients: keys.recipients,
    ownRecipient: await age.identityToRecipient(identity),
    identities: [...keys.identities, identity],
  };
}
