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
export async function parseIdentities(text: string, where: string, secrets: Secrets): Promise<string[]> {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  for (const identity of identities) secrets.add(identity);
  if (identities.length === 0 || !identities.every((line) => /^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(line))) {
    throw new ReleaseError('IDENTITY_INVALID', `${where} holds no identity of age.`, {
      hint: 'An identity is a line that begins with AGE-SECRET-KEY-1, as age-keygen writes it. A file that holds one is named with --identity FILE, a variable holds it itself.',
    });
  }
  const { Decrypter } = await import('age-encryption');
  try {
    for (const identity of identities) new Decrypter().addIdentity(identity);
  } catch (cause) {
    throw new ReleaseError('IDENTITY_INVALID', `${where} holds an identity of age that is not whole.`, {
      hint: 'Give it as age-keygen wrote it, whole lines that begin with AGE-SECRET-KEY-1.',
      cause,
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
