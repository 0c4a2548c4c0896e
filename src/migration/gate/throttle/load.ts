import type { Document } from 'mongodb';
import type { RawClient } from '../raw.ts';
import { askAdmin } from './admin.ts';

/** `busy`: with what, as the end of a sentence. `unseen`: the user may not look. */
export type Load = { readonly state: 'calm' | 'unseen' } | { readonly state: 'busy'; readonly with: string };

/**
 * At 20 % of dirty and 95 % of all content of the cache, WiredTiger makes the threads that write clean it up first, and
 * everybody waits (eviction_dirty_trigger, eviction_trigger: https://source.wiredtiger.com/develop/tune_cache.html).
 * A batch must not be what takes it there.
 */
const mostDirty = 0.15;
const mostUsed = 0.94;

/** What is large in the answer and not looked at. */
const left = { metrics: 0, repl: 0, locks: 0, logicalSessionRecordCache: 0, tcmalloc: 0, transactions: 0, network: 0 };

/** Whether the primary has to be spared. Rejects as `askAdmin` does. */
export async function readLoad(client: RawClient): Promise<Load> {
  const answer = await askAdmin(client, { serverStatus: 1, ...left });
  return answer.state === 'refused' ? { state: 'unseen' } : loadOf(answer.document);
}

/** What an answer of `serverStatus` says. A part that this server does not report says nothing. Pure. */
export function loadOf(status: Document): Load {
  const { wiredTiger, flowControl, globalLock, queues } = status as {
    readonly wiredTiger?: Document;
    readonly flowControl?: Document;
    readonly globalLock?: Document;
    readonly queues?: Document;
  };
  if (flowControl?.isLagged === true)
    return { state: 'busy', with: 'slowing writes down for its secondaries (flow control)' };
  const cache = (wiredTiger?.cache ?? {}) as Document;
  const most = Number(cache['maximum bytes configured'] ?? 0);
  const share = (key: string) => (most > 0 ? Number(cache[key] ?? 0) / most : 0);
  const dirty = share('tracked dirty bytes in the cache');
  if (dirty >= mostDirty) return { state: 'busy', with: `writing its cache out (${percent(dirty)} of it is dirty)` };
  const used = share('bytes currently in the cache');
  if (used >= mostUsed) return { state: 'busy', with: `making room in its cache (${percent(used)} of it is in use)` };
  // Server 8.0 reports its tickets in `queues`, older ones beside the storage engine.
  const tickets = (queues?.execution?.write ?? wiredTiger?.concurrentTransactions?.write) as Document | undefined;
  const waiting = Number(globalLock?.currentQueue?.writers ?? 0);
  if (tickets !== undefined && Number(tickets.available) === 0 && waiting > 0)
    return {
      state: 'busy',
      with: `serving others (${waiting} ${waiting === 1 ? 'writer waits' : 'writers wait'} for a turn)`,
    };
  return { state: 'calm' };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
