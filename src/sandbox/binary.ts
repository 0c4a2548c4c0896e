import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { describeFailure, runCommand } from './command.ts';
import type { SandboxOptions } from './sandbox.ts';
import { compareMajors } from './version.ts';

/** What a file that should be a mongod turned out to be. */
export type BinaryCheck =
  | { readonly kind: 'usable'; readonly version: string }
  | { readonly kind: 'unusable'; readonly reason: string };

/** The oldest server that the bundled driver talks to: MIN_SUPPORTED_SERVER_VERSION of mongodb 7.8. */
const oldestServer = '4.4';

/** Runs `FILE --version`: the one test that also finds a missing library and a processor that the build is not for. */
export async function checkBinary(
  file: string,
  options: Pick<SandboxOptions, 'environment' | 'signal'>,
): Promise<BinaryCheck> {
  const result = await runCommand(file, ['--version'], {
    variables: options.environment.variables,
    timeoutMs: 15_000,
    signal: options.signal,
  });
  if (result.kind !== 'exited' || result.code !== 0) {
    return { kind: 'unusable', reason: `${file} --version: ${describeFailure(result)}` };
  }
  const version = /^db version v(\d+\.\d+\.\d+)/m.exec(result.stdout)?.[1];
  if (version === undefined) return { kind: 'unusable', reason: `${file} --version does not answer like a mongod` };
  if (compareMajors(version, oldestServer) < 0) {
    return { kind: 'unusable', reason: `${file} is version ${version}; ${oldestServer} or newer is needed` };
  }
  return { kind: 'usable', version };
}

/** The first executable of this name on the search path; undefined when there is none. */
export async function findOnPath(name: string, path: string): Promise<string | undefined> {
  const fileName = process.platform === 'win32' ? `${name}.exe` : name;
  for (const folder of path.split(delimiter)) {
    // A relative entry depends on where one stands: not what a rehearsal should run.
    if (!isAbsolute(folder)) continue;
    const file = join(folder, fileName);
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return file;
  }
  return undefined;
}
