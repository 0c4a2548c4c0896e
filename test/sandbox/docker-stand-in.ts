import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A `docker` that records its arguments and does what Docker's manual says of the commands that we use: `run` runs
 * the entry point and ends with it, `rm -f` ends it. The
 * container is a folder whose programs are the image's: `docker-entrypoint.sh` hands over to a real mongod, and `chown`
 * only records, since there is no user mongodb here.
 */
export interface DockerStandIn {
  /** The folder to have on PATH. */
  readonly path: string;
  /** Arguments of every call so far. */
  calls(): Promise<string[][]>;
}

export async function dockerStandIn(folder: string, mongod: string): Promise<DockerStandIn> {
  const [bin, image, log] = [join(folder, 'docker-bin'), join(folder, 'image'), join(folder, 'docker.log')];
  await mkdir(bin);
  await mkdir(join(image, 'data'), { recursive: true });
  const program = async (file: string, text: string) => {
    await writeFile(file, text);
    await chmod(file, 0o755);
  };
  await program(join(image, 'chown'), `#!/bin/sh\necho "$@" > '${image}/chown.log'\n`);
  await program(
    join(image, 'docker-entrypoint.sh'),
    `#!/bin/sh\nshift\nexec '${mongod}' --dbpath '${image}/data' --nounixsocket "$@"\n`,
  );
  await program(
    join(bin, 'docker'),
    `#!${process.execPath}
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const args = process.argv.slice(2);
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify(args) + '\\n');
const pidFile = ${JSON.stringify(join(image, 'pid'))};
switch (args[0]) {
  case 'version': console.log('29.0.1'); break;
  case 'info': console.log('/nowhere'); break;
  case 'run': {
    const env = { PATH: ${JSON.stringify(image)} + ':/usr/bin:/bin', TMPDIR: ${JSON.stringify(image)} };
    for (const [i, arg] of args.entries()) if (arg === '-e') env[args[i + 1]] = process.env[args[i + 1]];
    const at = args.findIndex((arg) => /^mongo:/.test(arg));
    if (args[at] === 'mongo:4.4') { console.error('docker: no space left on device'); process.exit(125); }
    const child = spawn(args[args.indexOf('--entrypoint') + 1], args.slice(at + 1), { env, detached: true, stdio: 'ignore' });
    fs.writeFileSync(pidFile, String(child.pid));
    child.on('exit', (code) => process.exit(code ?? 137));
    break;
  }
  case 'rm':
    try { process.kill(Number(fs.readFileSync(pidFile, 'utf8')), 'SIGKILL'); fs.rmSync(pidFile); } catch {}
    break;
}
`,
  );
  return {
    path: bin,
    async calls() {
      const text = await readFile(log, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]);
    },
  };
}
