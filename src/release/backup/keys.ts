import { readFile } from 'node:fs/promises';
import { parseIdentities, type RunKeys, withOwnKey } from '../../backup/keys.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Secrets } from '../../observe/secrets.ts';
import type { Run } from '../run.ts';

/**
 * Keys of runs that leave a backup which they read again themselves. By what all steps of a run share, whatever else of it
 * they replace: the way back has a release of its own.
 */
const kept = new WeakMap<Secrets, Promise<RunKeys>>();

/**
 * Who may read a backup that this run takes and does not read again. Throws nothing: it needs no identity.
 */
export function keysForOthers({ invocation: { flags, settings } }: Run): RunKeys {
  return { recipients: flags.recipient ?? settings.backup.recipients, identities: [] };
}

/**
 * Who may read a backup that this run takes and then relies on: a key of its own is among them, which all of its steps
 * share. Throws `IDENTITY_INVALID`, and `USAGE` where the named file cannot be read.
 */
export function keysForRelease(run: Run): Promise<RunKeys> {
  const keys = kept.get(run.secrets) ?? makeKeys(run);
  kept.set(run.secrets, keys);
  return keys;
}

/** The same for one that goes with its rehearsal, by whose end nobody else needs to have read it. */
export function keysForRehearsal(run: Run): Promise<RunKeys> {
  return withOwnKey(keysForOthers(run));
}

/** With what this run reads backups: what was given to it, and its own key where it has taken one. Throws as above. */
export async function identitiesOf(run: Run): Promise<readonly string[]> {
  const keys = await kept.get(run.secrets);
  return keys?.identities ?? readIdentities(run);
}

async function makeKeys(run: Run): Promise<RunKeys> {
  return withOwnKey({ ...keysForOthers(run), identities: await readIdentities(run) });
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
