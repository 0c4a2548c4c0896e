import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processRuns } from '../../observe/process.ts';

/** One process among all that ever ran, as far as Linux can name it. */
export interface OwnerProcess {
  readonly pid: number;
  /** Of the kernel since it was started: no other machine, and no later start of this one, has the same. */
  readonly boot: string;
  /** What its number and its time of start are counted in: containers on one machine each count for themselves. */
  readonly namespaces: string;
  /** In ticks since the start of the machine: tells it from a later process that has got its number. */
  readonly started: string;
}

/** This process, or a child of it; undefined where it cannot be named beyond doubt, as on every system but Linux. */
export function thisProcess(pid = process.pid): OwnerProcess | undefined {
  try {
    // Where it shows the processes of another namespace, it tells nothing of ours.
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const kinds = readdirSync('/proc/self/ns').filter((kind) => kind === 'pid' || kind === 'time');
    const namespaces = kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join(' ');
    const { started } = statOf(pid);
    return started && boot && namespaces ? { pid, boot, namespaces, started } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a process has certainly ended: this one runs on the same start of the same machine, counts processes as it
 * did, and none of its number and time of start is there. False also means "nobody can tell from here".
 *
 * The number of a namespace may be used again, but only once every process in it has ended. What all of this cannot tell
 * apart is two copies of one virtual machine that were both woken from the same image of its memory: there a run that
 * lives in the other copy counts as ended. It then loses its lease as a frozen run does, and the fence keeps it out.
 */
export function hasEnded({ pid, boot, namespaces, started }: OwnerProcess): boolean {
  const here = thisProcess();
  if (here === undefined || here.boot !== boot || here.namespaces !== namespaces) return false;
  // Not by /proc alone: it may be mounted so that it hides what other users run.
  if (!processRuns(pid)) return true;
  try {
    const now = statOf(pid);
    return now.started !== started || now.state === 'Z' || now.state === 'X';
  } catch {
    return !processRuns(pid);
  }
}

/** Whether a process certainly runs here. False also means "nobody can tell from here". */
export function runsHere({ pid, boot, namespaces, started }: OwnerProcess): boolean {
  const here = thisProcess();
  if (here === undefined || here.boot !== boot || here.namespaces !== namespaces) return false;
  try {
    const now = statOf(pid);
    return now.started === started && now.state !== 'Z' && now.state !== 'X';
  } catch {
    return false;
  }
}

/** Fields 3 and 22 of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the second may hold spaces. */
function statOf(pid: number): { readonly state?: string; readonly started?: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, started: rest[18] };
}
