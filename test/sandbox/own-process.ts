import { type ChildProcess, spawn } from 'node:child_process';

/** A process of its own that holds a sandbox: what a test can end in ways that it could not survive itself. */
export interface Holder {
  readonly process: ChildProcess;
  readonly uri: string;
}

/**
 * Starts a sandbox in a process that leads a group of its own. `options` and `environment` refine what `startSandbox`
 * gets; `last` is run once the sandbox is there.
 */
export async function holdSandbox(options: object, environment: object, last: string): Promise<Holder> {
  const source = (file: string) => JSON.stringify(import.meta.resolve(`../../src/${file}`));
  const program = `
    import { startSandbox } from ${source('sandbox/start.ts')};
    import { sandboxEnvironment } from ${source('sandbox/environment.ts')};
    import { Log } from ${source('observe/log.ts')};
    import { Secrets } from ${source('observe/secrets.ts')};
    const secrets = new Secrets();
    const environment = { ...sandboxEnvironment(process.env), ...${JSON.stringify(environment)} };
    const log = new Log(() => {}, secrets);
    const sandbox = await startSandbox({ environment, log, secrets, ...${JSON.stringify(options)} });
    console.log(sandbox.uri);
    ${last}
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const uri = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(String(text).trim()));
    child.once('exit', () => reject(new Error('it ended before the sandbox was there')));
  });
  return { process: child, uri };
}
