import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkBinary } from './binary.ts';
import type { SandboxOptions } from './sandbox.ts';
import { majorOf } from './version.ts';
import type { Fetched } from './wheel.ts';

/** In milliseconds. */
export interface DownloadLimits {
  /** Of all: an archive of mongod has 60 to 100 MB. Default 240,000. */
  readonly wholeMs: number;
  /** Of the wait for the first byte: behind a firewall that drops packets, it never comes. Default 8,000. */
  readonly firstByteMs: number;
}

const defaultLimits: DownloadLimits = { wholeMs: 240_000, firstByteMs: 8_000 };

/** Last patch release that was the default of mongodb-memory-server's majors 8 to 11: known to exist on every platform. */
const knownPatches: Readonly<Record<string, string>> = {
  '5.0': '5.0.19',
  '6.0': '6.0.14',
  '7.0': '7.0.14',
  '8.0': '8.0.4',
  '8.2': '8.2.6',
};
const newestKnown = '8.2.6';
const downloadSite = 'https://fastdl.mongodb.org';

/**
 * A mongod from MongoDB's download site, of the wanted version or, where that one is not published, of the same major.
 * The archive for this platform is found, fetched, checked and unpacked by `mongodb-memory-server-core`, in a folder of
 * our own; the binary is kept in the cache folder, where it appears whole or not at all.
 */
export async function fetchBinary(options: SandboxOptions, limits = defaultLimits): Promise<Fetched> {
  const reasons: string[] = [];
  for (const version of candidates(options.serverVersion)) {
    const result = await fetchVersion(version, options, limits);
    if (result.kind === 'fetched') return result;
    reasons.push(`${version}: ${result.reason}`);
    if (!result.notPublished || options.signal?.aborted) break;
  }
  return { kind: 'unavailable', reason: reasons.join('; ') };
}

function candidates(wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return [newestKnown];
  const known = knownPatches[majorOf(wanted)];
  const exact = /^\d+\.\d+\.\d+$/.test(wanted) ? [wanted] : [];
  return [...new Set([...exact, ...(known === undefined ? [] : [known])])];
}

type Version = Fetched & { readonly notPublished?: boolean };

async function fetchVersion(version: string, options: SandboxOptions, limits: DownloadLimits): Promise<Version> {
  const root = join(options.environment.cacheDir, 'mongod');
  const folder = join(root, `mongod-${version}-${process.platform}-${process.arch}`);
  const fileName = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
  const file = join(folder, fileName);
  const cached = await access(file).then(
    () => checkBinary(file, options),
    () => undefined,
  );
  if (cached?.kind === 'usable') return { kind: 'fetched', file, version: cached.version };

  await mkdir(root, { recursive: true });
  const temporary = await mkdtemp(join(root, '.download-'));
  try {
    const downloaded = await download(version, temporary, options, limits);
    if (downloaded.kind === 'unavailable') return downloaded;
    const ready = join(temporary, 'ready');
    await mkdir(ready);
    await rename(downloaded.file, join(ready, fileName));
    await chmod(join(ready, fileName), 0o755);
    const check = await checkBinary(join(ready, fileName), options);
    if (check.kind === 'unusable') return { kind: 'unavailable', reason: check.reason };
    await rename(ready, folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another run was faster, or what lies there does not run on this machine.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      if ((await checkBinary(file, options)).kind === 'usable') return;
      await rm(folder, { recursive: true, force: true });
      await rename(ready, folder);
    });
    return { kind: 'fetched', file, version: check.version };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function download(
  version: string,
  folder: string,
  options: SandboxOptions,
  limits: DownloadLimits,
): Promise<Version> {
  const { log, environment } = options;
  // Imported when it is needed only, so that every other run starts without it; and only these files of it, since its
  // index would bring a second driver along.
  const [{ MongoBinaryDownload }, { DryMongoBinary }, { setDefaultValue, ResolveConfigVariables }] = await Promise.all([
    import('mongodb-memory-server-core/lib/util/MongoBinaryDownload.js'),
    import('mongodb-memory-server-core/lib/util/DryMongoBinary.js'),
    import('mongodb-memory-server-core/lib/util/resolveConfig.js'),
  ]);
  const mirror = environment.downloadMirror ?? downloadSite;
  setDefaultValue(ResolveConfigVariables.DOWNLOAD_MIRROR, mirror);
  setDefaultValue(ResolveConfigVariables.USE_HTTP, String(mirror.startsWith('http:')));

  const stop = new AbortController();
  const abort = () => stop.abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  const limit = setTimeout(abort, limits.wholeMs);

  /** The package's download without what does not fit a product: no unverified TLS, no output, an end when asked. */
  class Download extends MongoBinaryDownload {
    override async httpDownload(...args: Parameters<InstanceType<typeof MongoBinaryDownload>['httpDownload']>) {
      const [url, httpOptions, location, temporary] = args;
      // The package verifies certificates only where npm's strict-ssl is set in the environment. What is fetched here is
      // run, so they are always verified; NODE_EXTRA_CA_CERTS adds a company's own.
      const requestOptions = { ...httpOptions, rejectUnauthorized: true, signal: stop.signal };
      const firstByte = setTimeout(() => {
        if (this.dlProgress.length === 0) stop.abort();
      }, limits.firstByteMs);
      try {
        return await super.httpDownload(url, requestOptions, location, temporary, 1);
      } catch (error) {
        // Where nothing ever came, the next source is the better try; a download that broke off goes on where it was.
        if (this.dlProgress.current === 0 || stop.signal.aborted) throw error;
        return await super.httpDownload(url, requestOptions, location, temporary, 2);
      } finally {
        clearTimeout(firstByte);
      }
    }

    override printDownloadProgress(chunk: { length: number }): void {
      // The package writes to standard output, which is ours for results.
      if (this.dlProgress.lastPrintedAt === 0 && this.dlProgress.totalMb >= 1) {
        log.info(`Downloading mongod ${version} (${this.dlProgress.totalMb} MB, once).`);
        this.dlProgress.lastPrintedAt = Date.now();
      }
      this.dlProgress.current += chunk.length;
    }
  }

  try {
    const found = await DryMongoBinary.generateOptions({ version, downloadDir: folder });
    const wanted = { ...found, version, downloadDir: folder, systemBinary: '' };
    const file = await new Download(wanted).getMongodPath().catch((error: unknown) => {
      // No build for this distribution (6.0 on Debian 12): the one for Ubuntu 22.04 runs on most that have OpenSSL 3,
      // and whether it does is looked at before it is used.
      if (!isNotBuilt(error) || process.platform !== 'linux') throw error;
      return new Download({ ...wanted, os: { os: 'linux', dist: 'ubuntu', release: '22.04' } }).getMongodPath();
    });
    return { kind: 'fetched', file, version };
  } catch (error) {
    if (isNotBuilt(error)) return { kind: 'unavailable', reason: 'not built for this system', notPublished: true };
    const code = String((error as { code?: unknown }).code ?? (error as Error).constructor.name);
    const reason = stop.signal.aborted && !options.signal?.aborted ? 'no answer in time' : code;
    // 403 is what the site answers for an archive that it does not have.
    return { kind: 'unavailable', reason, notPublished: code === 'Status: 403' || code === 'Status: 404' };
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** The package's KnownVersionIncompatibilityError; it has no code, and its class is not exported by name. */
function isNotBuilt(error: unknown): boolean {
  return typeof (error as { requested_version?: unknown }).requested_version === 'string';
}
