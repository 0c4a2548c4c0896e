import type { ReleaseError } from '../observe/error.ts';
import { cancelled } from '../release/cancelled.ts';

/**
 * GitHub sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s after that. What is under way has the time until SIGTERM to
 * come to a safe end; the rest is for outputs and summary.
 */
const budget = 7000;

export interface Cancel {
  readonly signal: AbortSignal;
  /** The exit code that fits: that of the signal, when the run ended because of one. */
  exitCode(error: ReleaseError): number;
}

/** `giveUp` is called with the exit code when the time is up, or at a second signal; it has to end the process. */
export function cancelOnSignal(giveUp: (exitCode: number) => void, announce: (text: string) => void): Cancel {
  const controller = new AbortController();
  let code: number | undefined;
  const onSignal = (exitCode: number) => () => {
    if (code !== undefined) return giveUp(code);
    code = exitCode;
    announce('Cancelling: what is under way is brought to a safe end.');
    controller.abort(cancelled());
    setTimeout(() => giveUp(exitCode), budget).unref();
  };
  process.on('SIGINT', onSignal(130));
  process.on('SIGTERM', onSignal(143));
  return {
    signal: controller.signal,
    exitCode: (error) => (error.code === 'CANCELLED' && code !== undefined ? code : error.exitCode),
  };
}
