import { isFree } from '../../src/sandbox/port.ts';

/** Below the ports that the system gives by itself, so that nobody is given one between its choice and its use. */
const range = { from: 10_000, to: 32_000 };

/** Workers that run beside one another have a part each. */
const parts = 8;
const size = Math.floor((range.to - range.from) / parts);
const first = range.from + (Number(process.env.VITEST_POOL_ID ?? 0) % parts) * size;

let next = Math.floor(Math.random() * size);

/** A port of 127.0.0.1 for a server of a test's own; none is given twice in a row, also before it is listened on. */
export async function ownPort(): Promise<number> {
  for (let tries = 0; tries < size; tries += 1) {
    const port = first + (next++ % size);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free for a test');
}
