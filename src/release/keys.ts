import { readFile } from 'node:fs/promises';
import { parseIdentities, type RunKeys, withOwnKey } from '../backup/keys.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Run } from './run.ts';

/** Keys of runs that have taken a backup: one of a run's own is among them, which all of its steps share. */
const taken = new WeakMap<Run, Promise<RunKeys>>();

/**
 * Who may read the backup that this run is about to take. Throws `IDENTITY_INVALID`, and `USAGE` where the named file
 * cannot be read.
 */
export function keysForBackup(run: Run): Promise<RunKeys> {
  const keys = taken.get(run) ?? makeKeys(run);
  taken.set(run, keys);
  return keys;
}

/** With what this run reads backups: what was given to it, and its own key where it has taken one. Throws as above. */
export async function identitiesOf(run: Run): Promise<readonly string[]> {
  const keys = await taken.get(run);
  return keys?.identities ?? readIdentities(run);
}

async function makeKeys(run: Run): Promise<RunKeys> {
  const { flags, settings } = run.invocation;
  const recipients = flags.recipient ?? settings.backup.recipients;
  return withOwnKey({ recipients, identities: await readIdentities(run) });
}

async function readIdentities({ invocation: { flags, settings }, env, secrets }: Run): Promise<string[]> {
  const file = flags.identity;
  if (file === undefined) {
    const variable = settings.backup['identity-env'];
    const text = env[variable];
    return text === undefined || text === '' ? [] : parseIdentities(text, `The variable ${variable}`, secrets);
  }
  if (file.startsWith('AGE-SECRET-KEY-')) {
    // It stands in the shell's history by now, but in no log of ours.
    secrets.add(file);
    throw new ReleaseError('USAGE', '--identity names a file; the identity itself was given.', {
      hint: `Write it to a file that only you can read, or set ${settings.backup['identity-env']}; a command line is no place for a secret.`,
    });
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as { code?: string };
    throw new ReleaseError('USAGE', `The file of the identity cannot be read (${code}): ${file}.`, {
      hint: 'Name the file that age-keygen wrote: --identity key.txt.',
      cause: error,
    });
  }
  return parseIdentities(text, `The file ${file}`, secrets);
}
