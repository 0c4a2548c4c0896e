import type { ClientSession, Db, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { ParentLanes } from '../../../src/migration/journal/parent-lanes.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { compareDatabases } from '../../../src/mongo/compare.ts';
import type { Connection } from '../../../src/mongo/connect.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { lab } from '../gate/journal/catalog/lab.ts';
import { cutAt, cutOff, doubling } from './cut-off.ts';
import { copyTo, own } from './journalled.ts';
import { modes } from './renumbered.ts';
import { setting } from './setting.ts';

interface Numbered {
  _id: number;
  n?: number;
}

const numbers = (db: Db, name = 'numbers') => db.collection<Numbered>(name);
const seeded = (count: number) => Array.from({ length: count }, (_, _id) => ({ _id, n: _id }));
const attempt = { migration: '1-test', number: 1 };

/** Counts the transactions that have written something and are not at their end, each by its session. */
function openAtOnce({ client }: Connection) {
  const open = new Set<string>();
  let most = 0;
  const sessionOf = ({ lsid }: Document) => String(lsid?.id?.toString('hex'));
  client.on('commandStarted', ({ command }) => {
    if (command.startTransaction === true) open.add(sessionOf(command));
    if (command.abortTransaction !== undefined || command.commitTransaction !== undefined)
      open.delete(sessionOf(command));
    most = Math.max(most, open.size);
  });
  return { most: () => most };
}

/** In one transaction of the migration, so that its packs belong together; and what is read behind it in several replies. */
const [together, single] = [3500, 300];

async function up(db: Db): Promise<void> {
  for (let _id = 0; _id < single; _id += 1) await numbers(db, 'others').updateOne({ _id }, { $inc: { n: 1 } });
  await db.client.withSession((session) =>
    session.withTransaction(() => numbers(db).updateMany({}, { $inc: { n: 1 } }, { session })),
  );
}

/** Calls it when so many of the undo's own way back were begun, and this one asks for more than its first reply has. */
function onMoreRead({ client }: Connection, nth: number, then: () => void): void {
  let begun = 0;
  client.on('commandStarted', ({ command }) => {
    if (command.find === own.journal && command.batchSize === 500 && command.sort?.get('_id') === -1) begun += 1;
    if (command.getMore !== undefined && begun === nth) then();
  });
}

const ways = modes.flatMap(({ mode }) => [
  { mode, kill: true },
  { mode, kill: false },
]);

test.each(ways)(
  'what a migration changed at once goes back in two transactions beside each other; cut off while more is read, it goes on: $mode, killed: $kill',
  async ({ mode, kill }) => {
    await using before = await freshDatabase('undo_before');
    await using l = await lab();
    const { db } = l.raw;
    await numbers(db).insertMany(seeded(together));
    await numbers(db, 'others').insertMany(seeded(single));
    await copyTo(db, before.db);
    {
      await using run = await l.run();
      await up(run.db as unknown as Db);
    }
    const packs = db.collection(own.journal).find({ kind: 'images', 'namespace.collection': 'numbers' });
    expect((await packs.sort({ _id: 1 }).toArray()).map(({ count }) => count)).toEqual([1000, 1000, 1000, 500]);
    const lanes = new ParentLanes(db, own);
    const fence = 100;
    await lanes.takeOver(fence, undefined);
    const wide: number[] = [];
    const undo = async (connection: Connection, signal: AbortSignal | undefined, cut: () => void) => {
      const open = openAtOnce(connection);
      // The lot behind is read while the first one is committed; before that a strict one goes its way without changes.
      onMoreRead(connection, mode === 'strict' ? 2 : 1, cut);
      const onProgress = ({ documents }: { readonly documents: number }) => {
        if (documents <= together) wide.push(open.most());
      };
      const sizes = { first: 1000, most: 1000 };
      return await undoAttempt(connection, own, attempt, { fence, mode, sizes, signal, onProgress });
    };
    const result = await cutAt(l.raw.name, { kill }, undo);
    expect(result).toMatchObject({ state: 'undone', documents: together + single, entriesUndone: single + 1 });
    expect(result).toMatchObject({ quarantined: 0, asBefore: 0 });
    expect(Math.max(...wide)).toBe(2);
    expect(await compareDatabases(before.db, db, { own })).toEqual([]);
  },
);

test.each(modes)(
  'packs of 10,000, as releases before wrote them, go back also where they are cut: $mode',
  async ({ mode }) => {
    const count = 12_000;
    await using s = await setting(({ db }) => numbers(db).insertMany(seeded(count)));
    const { db, journal, connection } = s;
    const change = (from: number, to: number) => (session: ClientSession) =>
      numbers(db).updateMany({ _id: { $gte: from, $lt: to } }, { $inc: { n: 1 } }, { session });
    await journal.inSteps('numbers', [change(0, 10_000), change(10_000, count)]);
    const packs = await db.collection(own.journal).find({ kind: 'images' }).sort({ _id: 1 }).toArray();
    expect(packs.map((pack) => pack.count)).toEqual([10_000, 2000]);
    const [forecast] = await forecastUndo(connection, own, [journal.attempt]);
    const { createdSince: _, ...foreseen } = forecast ?? { createdSince: [] };
    const { result, cuts } = await cutOff(connection, doubling(20), (signal) => s.undo({ mode, signal }));
    expect(cuts).toBeGreaterThan(0);
    expect(result).toMatchObject({ state: 'undone', ...foreseen, documents: count });
    expect(await s.differences()).toEqual([]);
  },
);
