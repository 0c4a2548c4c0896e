import { setTimeout as sleep } from 'node:timers/promises';
import type { WireProxy } from '../setup/wire-proxy.ts';
import type { Random } from './random.ts';
import { type ReleaseProcess, signalled } from './release-process.ts';

/** What happens to a run, and when. */
export interface Disturbance {
  readonly text: string;
  /**
   * What is ended: the whole process group, the parent alone, the child alone; or its connections. `stop`: it is asked to
   * end, as by a cancelled job, and says how far it got.
   */
  readonly what: 'group' | 'parent' | 'child' | 'connections' | 'stop';
  /** At this command on the wire, or after this time. */
  readonly when: { readonly command: number; readonly message: 'sent' | 'answered' } | { readonly afterMs: number };
  /** Whether it came to it: a run may be over before. */
  done: boolean;
}

/** Mostly kills of everything, at a random command of the migration, before or after the server carried it out. */
export function drawDisturbance(
  { sent, durationMs }: { readonly sent: readonly string[]; readonly durationMs: number },
  random: Random,
): Disturbance {
  const drawn = random.next();
  const what =
    drawn < 0.6 ? 'group' : drawn < 0.7 ? 'child' : drawn < 0.78 ? 'parent' : drawn < 0.86 ? 'connections' : 'stop';
  if (random.chance(0.12)) {
    const afterMs = random.between(0, Math.round(durationMs));
    return { what, when: { afterMs }, text: `${what} after ${afterMs} ms`, done: false };
  }
  // Nothing of a run inserts before its migration goes up. What it says of that comes too late to count from.
  const up = sent.indexOf('insert') + 1;
  const message = random.chance(0.5) ? 'sent' : 'answered';
  const command = random.between(random.chance(0.06) ? 1 : up, sent.length);
  const text = `${what} at command ${command} of about ${sent.length}, its ${message === 'sent' ? 'request' : 'answer'} under way`;
  return { what, when: { command, message }, text, done: false };
}

/** Resolves with whether it was done, when it was or the run has ended. */
export async function disturb(run: ReleaseProcess, proxy: WireProxy, disturbance: Disturbance): Promise<boolean> {
  const { when, what } = disturbance;
  const strike = () => {
    // Before the migration's process is there, and after it has ended.
    if (what === 'child' && run.children().length === 0) return;
    disturbance.done = true;
    if (what === 'group') run.signal('SIGKILL');
    else if (what === 'connections') proxy.cut();
    else if (what === 'stop') signalled(run.pid, 'SIGTERM');
    else for (const pid of what === 'parent' ? [run.pid] : run.children()) signalled(pid, 'SIGKILL');
  };
  if ('afterMs' in when) {
    if (!(await run.said('goes up'))) return false;
    await Promise.race([sleep(when.afterMs).then(() => disturbance), run.ended]).then((first) => {
      if (first === disturbance) strike();
    });
    return disturbance.done;
  }
  proxy.count();
  const struck = new Promise<void>((done) => {
    proxy.stopAt({ nth: when.command, when: when.message }, (release) => {
      strike();
      // The message may be that of the process that lives on.
      if (what === 'parent' || what === 'child' || what === 'stop') release();
      done();
    });
  });
  await Promise.race([struck, run.ended]);
  return disturbance.done;
}
