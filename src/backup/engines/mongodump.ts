import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { databaseOf } from '../../mongo/connect.ts';
import { ownPrefix, removeAbandoned } from '../../observe/abandoned.ts';
import { ReleaseError } from '../../observe/error.ts';
import { ContentsTally } from '../archive/contents.ts';
import { readArchive } from '../archive/reader.ts';
import type { ArchiveEngine, ReadDatabase } from './engine.ts';

export interface MongodumpOptions {
  /** With its credentials: reaches the tool in a file that only this user can read, never on a command line. */
  readonly uri: string;
  /** The tool's whole environment; `PATH` says where it is. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folder for that file. */
  readonly tmpdir: string;
}

/** Lines of the tool's own report that are kept for `--debug`. */
const lastLines = 20;

/**
 * Lets `mongodump` of the database tools read the database. Its archive of a single database is not of one point in time
 * (see docs/backup.md); compression, encryption, manifest, verification and restore are as for every other archive.
 */
export function mongodump({ uri, environment, tmpdir }: MongodumpOptions): ArchiveEngine {
  return {
    name: 'mongodump',

    consistency(_connection, asked) {
      if (asked !== 'snapshot') return 'per-collection';
      throw new ReleaseError('SNAPSHOT_UNAVAILABLE', 'mongodump reads a single database at no single point in time.', {
        hint: 'Leave --engine out: the built-in engine does. Or say --consistency per-collection.',
      });
    },

    async read({ db }, { own, signal, onProgress, log }) {
      const toolVersion = await versionOf(environment);
      await removeAbandoned(tmpdir, folders);
      const folder = await mkdtemp(join(tmpdir, ownPrefix(folders)));
      const removed = () => rm(folder, { recursive: true, force: true });
      const configuration = join(folder, 'config.yml');
      try {
        await writeFile(configuration, `uri: ${JSON.stringify(naming(uri, db.databaseName))}\n`, { mode: 0o600 });
        // From here on whoever reads the archive removes it.
        signal?.throwIfAborted();
      } catch (error) {
        await removed();
        throw error;
      }
      const child = spawn(
        'mongodump',
        [
          `--config=${configuration}`,
          `--db=${db.databaseName}`,
          '--archive',
          '--readPreference=primary',
          `--excludeCollectionsWithPrefix=${own.prefix}.`,
        ],
        { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'], signal },
      );
      const said = lastOf(child.stderr);
      const ended = once(child, 'close').then(([code]) => code as number | null);
      ended.catch(() => {});
      const contents = new ContentsTally();
      async function* chunks(): AsyncGenerator<Buffer> {
        const copy = new PassThrough({ highWaterMark: 1024 * 1024 });
        const read = watch(copy, contents, onProgress);
        // Looked at when the archive is over, or when the copy takes no more.
        read.catch((error: unknown) => copy.destroy(error as Error));
        let begun = false;
        try {
          for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
            // It has read its configuration, and needs it no more.
            if (!begun) await removed();
            begun = true;
            if (!copy.destroyed && !copy.write(chunk)) await Promise.race([once(copy, 'drain'), read]);
            yield chunk;
          }
          copy.end();
          const code = await ended;
          if (code !== 0) throw failed(code);
          await read;
        } catch (error) {
          log.debug('What mongodump said last.', { said: said() });
          throw error;
        } finally {
          copy.destroy();
          child.kill('SIGKILL');
          await removed();
        }
      }
      return { chunks: chunks(), toolVersion, namespaces: () => contents.namespaces() };
    },
  };
}

/** Folders with a password in them. */
const folders = 'mongo-release-mongodump-';

/**
 * The address with this database in it: the tool refuses one that names another than --db does. Who logs in at the named
 * one because nothing else is said (authSource) goes on doing so.
 */
function naming(uri: string, database: string): string {
  const named = databaseOf(uri);
  if (named === undefined || named === database) return uri;
  const [, address = uri, options = ''] = /^([^/]+\/\/[^/]+\/)[^?]*\??(.*)$/.exec(uri) ?? [];
  const logsIn = address.includes('@') && !/(^|&)authSource=/i.test(options);
  const all = [...(logsIn ? [`authSource=${encodeURIComponent(named)}`] : []), ...(options === '' ? [] : [options])];
  return `${address}${encodeURIComponent(database)}${all.length === 0 ? '' : `?${all.join('&')}`}`;
}

/** Reads what passes by, for the manifest. */
async function watch(
  archive: Readable,
  contents: ContentsTally,
  onProgress: ReadDatabase['onProgress'],
): Promise<void> {
  const total = { bytes: 0, expectedBytes: 0 };
  for await (const event of readArchive(archive)) {
    contents.add(event);
    if (event.kind !== 'documents') continue;
    total.bytes += event.documents.bytes.length;
    onProgress?.({ namespace: event.namespace.collection, documents: 0, bytes: 0, complete: false, total });
  }
}

/** Such as `100.18.0`. Throws `ENGINE_UNAVAILABLE` where there is no mongodump on PATH. */
async function versionOf(environment: Readonly<Record<string, string>>): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('mongodump', ['--version'], { env: { ...environment } });
    return /version:\s*(\S+)/.exec(stdout)?.[1] ?? 'unknown';
  } catch (cause) {
    throw new ReleaseError('ENGINE_UNAVAILABLE', 'There is no mongodump on PATH that can be run.', {
      hint: 'Install the MongoDB database tools, or leave --engine out: the built-in engine needs none.',
      cause,
    });
  }
}

function failed(code: number | null): ReleaseError {
  return new ReleaseError(
    'BACKUP_FAILED',
    `mongodump ended with ${code === null ? 'a signal' : `exit code ${code}`}.`,
    {
      hint: 'Run this again with --debug to see what it said; the built-in engine is used without --engine.',
    },
  );
}

/** The last lines of a stream, joined, as of whenever it is called. */
function lastOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).split('\n').slice(-lastLines).join('\n');
  });
  return () => text;
}
