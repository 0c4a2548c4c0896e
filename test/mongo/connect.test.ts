import { expect, test } from 'vitest';
import { connect, databaseOf } from '../../src/mongo/connect.ts';
import { asServerFailure } from '../../src/mongo/server-error.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { freshDatabase, uriOf } from '../setup/mongo.ts';
import { proxyTo } from '../setup/tcp-proxy.ts';

const nowhere = 'mongodb://127.0.0.1:1/shop';

test('the time that the connection string allows for finding a server is what it takes', async () => {
  const secrets = new Secrets();
  const started = performance.now();
  const failed = expect.objectContaining({ code: 'SERVER_UNREACHABLE' });
  await expect(connect(`${nowhere}?serverselectiontimeoutms=200`, { secrets })).rejects.toEqual(failed);
  await expect(connect(nowhere, { secrets, timeoutMs: 200 })).rejects.toEqual(failed);
  // Else it is ten seconds.
  expect(performance.now() - started).toBeLessThan(9000);
});

test('the name of the application is the one in the connection string, else ours', async () => {
  for (const [option, name] of [
    ['', 'mongo-release'],
    ['appName=theirs', 'theirs'],
  ]) {
    const uri = uriOf('shop');
    await using connection = await connect(`${uri}${uri.includes('?') ? '&' : '?'}${option}`, {
      secrets: new Secrets(),
    });
    expect(connection.client.options.appName).toBe(name);
  }
});

test.each([
  ['?retryWrite=true', 'retryWrite'],
  ['?tlss=true&foo=secret&w=1', 'tlss, foo'],
  ['?maxPoolSize=secret', 'maxPoolSize'],
  ['?replicaSet=', 'replicaSet'],
])('of a connection string with %s the option is named, and no value', async (query, names) => {
  const refused = connect(`mongodb://user:secret@127.0.0.1:1/shop${query}`, { secrets: new Secrets() });
  await expect(refused).rejects.toMatchObject({
    code: 'URI_INVALID',
    message: `The driver refuses ${names} in the connection string (while connecting to database shop).`,
  });
});

test('closing does not wait for a network that swallows everything', async () => {
  await using database = await freshDatabase();
  await using wire = await proxyTo(database.uri);
  const connection = await connect(wire.uri, { secrets: new Secrets() });
  // A cursor that is open is closed at the server first, and the answer never arrives.
  await connection.db.collection('numbers').insertMany([{}, {}, {}]);
  await connection.db.collection('numbers').find().batchSize(1).next();
  wire.silence();
  const started = performance.now();
  await connection.close();
  expect(performance.now() - started).toBeLessThan(30_000);
});

test.each([
  ['mongodb://a/shop?x=1', 'shop'],
  ['mongodb://a,b:2/sh%C3%B6p', 'shöp'],
  ['mongodb+srv://a.b.c/', undefined],
  ['mongodb://a', undefined],
])('the database of %s is %s', (uri, name) => {
  expect(databaseOf(uri)).toBe(name);
});

test.each(['mongodb://u:p@ss/word@a/shop', 'mongodb://u:p/word@a', 'mongodb://a/%ZZ'])(
  '%s is refused without quoting it',
  (uri) => {
    expect(() => databaseOf(uri)).toThrow(
      expect.objectContaining({ code: 'URI_INVALID', message: expect.not.stringContaining('word') }),
    );
  },
);

test.each(['admin', 'local', 'config', 'shop.cities', 'bad name$', 'a/b', 'a\\b', 'a"b', 'a\0b', '', 'ä'.repeat(32)])(
  'database %j is refused before anybody is asked',
  async (database) => {
    const refused = connect(nowhere, { database, secrets: new Secrets() });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--into') });
  },
);

test.each([
  ['mongodb://127.0.0.1:1/admin', 'USAGE'],
  ['mongodb://127.0.0.1:1/wo%20rd', 'URI_INVALID'],
])('so is the one of %s, and the rest of a password is not quoted', async (uri, code) => {
  const refused = connect(uri, { secrets: new Secrets() });
  await expect(refused).rejects.toMatchObject({ code, message: expect.not.stringContaining('wo') });
});

test('a name that differs from one of the server in its case only is told as that', async () => {
  await using database = await freshDatabase();
  await database.db.collection('numbers').insertOne({});
  const name = database.db.databaseName.toUpperCase();
  await using connection = await connect(uriOf(name), { secrets: new Secrets() });
  const error = await connection.db
    .collection('numbers')
    .insertOne({})
    .catch((thrown) => asServerFailure(thrown, 'inserting'));
  expect(error).toMatchObject({ code: 'SERVER_ERROR', message: expect.stringContaining('upper and lower case') });
});
