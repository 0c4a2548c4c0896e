import type { Guard } from '../guard.ts';

/** Whoever may read the store may read the database, where its backups are not encrypted. */
export const backupEncryption: Guard = {
  id: 'backup-encryption',
  about: 'Production: backups that nobody encrypts. Warns.',
  applies: ({ environment, store }) => environment === 'production' && store !== undefined,
  async check({ encryption }) {
    if (encryption !== undefined) return { seen: `encrypted by ${encryption}`, findings: [] };
    return {
      seen: 'not encrypted',
      findings: [
        {
          rule: 'backup-encryption',
          severity: 'warning',
          place: { name: 'backup-encryption' },
          message: 'Backups of production are not encrypted: whoever may read the store may read the database.',
          next: 'Make a key pair (age-keygen -o key.txt) and name its public key under backup.recipients, or let the bucket encrypt with a key of yours: backup.s3.server-side-encryption: "aws:kms".',
        },
      ],
    };
  },
};
