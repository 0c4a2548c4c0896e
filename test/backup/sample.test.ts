import { Db, MongoServerError } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { copySample } from '../../src/backup/sample.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { lab, own } from './backing-up.ts';

test('where the server finds no other document by chance, the first ones are the sample', async () => {
  await using at = await lab();
  await using target = await freshDatabase('sample');
  const numbered = Array.from({ length: 300 }, (_, _id) => ({ _id }));
  await at.connection.db.collection<{ _id: number }>('many').insertMany(numbered);
  const send = Db.prototype.runCursorCommand;
  let drawn = 0;
  using _spy = vi.spyOn(Db.prototype, 'runCursorCommand').mockImplementation(function (this: Db, command, options) {
    if (command.aggregate === undefined) return send.call(this, command, options);
    drawn += 1;
    throw new MongoServerError({ message: 'could not find a non-duplicate document', code: 28_799 });
  });
  await copySample(at.connection, target.db, { own, documents: 10 });
  expect(drawn).toBe(1);
  const ids = (await target.db.collection<{ _id: number }>('many').find().toArray()).map(({ _id }) => _id);
  expect(ids).toEqual(numbered.slice(0, 10).map(({ _id }) => _id));
});
