import { spawn } from 'node:child_process';

/** How a program that was run to its end ended. */
export type CommandResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly stderr: string }
  | { readonly kind: 'timed-out'; readonly afterMs: number }
  | { readonly kind: 'not-started'; readonly reason: string };

export interface CommandOptions {
  /** The program's whole environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Output that is kept of each stream, in bytes: enough for an answer and the reason of a failure. */
const keptBytes = 64 * 1024;

/** Runs a program to its end, without a shell and without input. Never throws. */
export function runCommand(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], { env: options.variables, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-keptBytes);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-keptBytes);
    });
    const kill = () => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, options.timeoutMs);
    options.signal?.addEventListener('abort', kill, { once: true });
    if (options.signal?.aborted) kill();
    const settle = (result: CommandResult) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', kill);
      // Grandchildren may hold the pipes open; nobody reads them any more.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(result);
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle({ kind: 'not-started', reason: error.code === 'ENOENT' ? 'not found' : (error.code ?? error.name) }),
    );
    child.on('exit', (code, signal) => {
      // The last output may still be on its way; `close` would wait for grandchildren too.
      setTimeout(() => {
        if (late) settle({ kind: 'timed-out', afterMs: options.timeoutMs });
        else if (code === null) settle({ kind: 'killed', signal: String(signal), stderr });
        else settle({ kind: 'exited', code, stdout, stderr });
      }, 10);
    });
  });
}

/** Why a command that should have succeeded did not, in a clause. */
export function describeFailure(result: CommandResult): string {
  switch (result.kind) {
    case 'exited':
      return `exit code ${result.code}${lastWords(result.stderr || result.stdout)}`;
    case 'killed':
      return `ended by ${result.signal}${lastWords(result.stderr)}`;
    case 'timed-out':
      return `no end within ${result.afterMs / 1000} s`;
    case 'not-started':
      return result.reason;
  }
}

/** The last line that says something, as `: …`; programs put the reason of a failure there. */
export function lastWords(text: string): string {
  const line = text
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .at(-1);
  return line === undefined ? '' : `: ${line.slice(0, 300)}`;
}
