import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'mongodb';

interface Admin {
  command(command: Document): Promise<Document>;
}

interface Namespace {
  readonly database: string;
  readonly collection?: string;
}

/** How long a stage may take to notice that it was ended, in milliseconds. */
const patienceMs = 30_000;

/**
 * Ends every `$out` into a collection of this name that the server is still at, and waits until it has ended: of a
 * pipeline that writes, the server takes no notice when its client is gone. A user sees and may end operations of its
 * own without any privilege.
 *
 * Does nothing where the server does not tell of its operations.
 */
export async function endOut(admin: Admin, { database, collection }: Namespace): Promise<void> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const running = await operationsInto(admin, `${database}.${collection}`);
    if (running.length === 0 || performance.now() > until) return;
    for (const op of running) await admin.command({ killOp: 1, op }).catch(() => {});
    await sleep(50);
  }
}

async function operationsInto(admin: Admin, namespace: string): Promise<unknown[]> {
  const pipeline = [{ $currentOp: {} }, { $match: { 'command.aggregate': { $exists: true } } }];
  try {
    const { cursor } = await admin.command({ aggregate: 1, pipeline, cursor: { batchSize: 10_000 } });
    const found = cursor.firstBatch as readonly Document[];
    return found.filter(({ command }) => targetOf(command) === namespace).map(({ opid }) => opid);
  } catch {
    return [];
  }
}

function targetOf({ pipeline, $db }: Document): string | undefined {
  const out = Array.isArray(pipeline) ? pipeline.at(-1)?.$out : undefined;
  return typeof out === 'object' ? `${out?.db ?? $db}.${out?.coll}` : `${$db}.${out}`;
}
