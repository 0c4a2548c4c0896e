import { createServer } from 'node:net';
import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { known } from '../../../src/migration/child/known.ts';
import { hiddenText, hideFields, hideUnknown, shownText } from '../../../src/migration/child/redact.ts';
import { type Source, sourceAt, wordsOf } from '../../../src/migration/child/source.ts';
import { ReleaseError } from '../../../src/observe/error.ts';

const text = `export async function up(db) {
  for await (const user of db.collection('users').find()) {
    if (!user.mail) throw new Error(\`user \${user._id} (\${user.name}) has no mail after 3 tries\`);
  }
}`;
const source: Source = sourceAt('/p/a.mjs', new Set(wordsOf(text)), false);

describe('what user code says', () => {
  test.each([
    ['user 17 (Zaphod) has no mail after 3 tries', 'user 17 (‹hidden›) has no mail after 3 tries'],
    ['user 507f1f77bcf86cd799439011 has no mail', 'user 507f1f77bcf86cd799439011 has no mail'],
    ['user a07f1f77-bcf8-4cd7-9943-9011aaaaaaaa has no mail', 'user a07f1f77-bcf8-4cd7-9943-9011aaaaaaaa has no mail'],
    ['user zaphod@galaxy.example', 'user ‹hidden›'],
    ['user @ find # 50 % ~ users\\mail', 'user @ find # 50 % ~ users\\mail'],
    ['user ☎ 17', 'user  17'],
    ['user Zaphod Beeblebrox, Trillian', 'user ‹hidden›'],
    ['user +49 171 1234567', 'user +49 ‹hidden›'],
    ['user born 1979-10-12', 'user ‹hidden›'],
    ['user 4111111111111111', 'user ‹hidden›'],
    ['user 李雷 has no mail', 'user ‹hidden› has no mail'],
    ['user {"iban":"DE89370400440532013000"}', 'user {"‹hidden›":"‹hidden›"}'],
    ['', ''],
  ])('%s', (said, shown) => {
    expect(hideUnknown(said, source)).toBe(shown);
  });

  test('is shown as it is when that was asked for; what an error says is kept, and never is', () => {
    expect(shownText('user Zaphod', source)).toBe('user ‹hidden›');
    expect(shownText('user Zaphod', { ...source, showValues: true })).toBe('user Zaphod');
    expect(hiddenText(new Error('user Zaphod'), { ...source, showValues: true })).toBe('Error: user ‹hidden›');
  });
});

describe('errors', () => {
  test.each<[string, (user: { mail: unknown }) => unknown]>([
    [
      'is not a function or its return value is not iterable',
      (user) => {
        const [one] = (user as never as { find(): string[] }).find();
        return one;
      },
    ],
    ['Invalid time value', (user) => new Date(String(user.mail)).toISOString()],
    ['Reduce of empty array with no initial value', () => ([] as string[]).reduce((one) => one)],
    ['is not iterable', (user) => [...(user.mail as [])]],
    ['object is not extensible', (user) => Object.assign(Object.freeze({}), user)],
    ['Unexpected end of JSON input', () => JSON.parse('')],
  ])("the engine's %s is told whole, and a value in it is not", (said, run) => {
    const thrown = (mail: unknown) => {
      try {
        return run({ mail });
      } catch (error) {
        return hiddenText(error, source);
      }
    };
    expect(thrown(undefined)).toContain(said);
    expect(thrown('Zaphod')).not.toContain('Zaphod');
  });

  test("the engine's own keep its vocabulary, and names only from the source", () => {
    const thrown = (run: () => unknown) => {
      try {
        return run();
      } catch (error) {
        return error;
      }
    };
    const nothing = undefined as unknown as { mail: string; Zaphod: string };
    expect(
      hiddenText(
        thrown(() => nothing.mail),
        source,
      ),
    ).toBe("TypeError: Cannot read properties of undefined (reading 'mail')");
    expect(
      hiddenText(
        thrown(() => nothing.Zaphod),
        source,
      ),
    ).toBe("TypeError: Cannot read properties of undefined (reading '‹hidden›')");
    expect(
      hiddenText(
        thrown(() => JSON.parse('{"name": Zaphod}')),
        source,
      ),
    ).not.toContain('Zaphod');
  });

  test("a server's is rebuilt from its code, also as a cause", () => {
    const server = Object.assign(new Error('E11000 dup key: { name: "Zaphod" }'), {
      name: 'MongoServerError',
      code: 11000,
      keyPattern: { name: 1 },
      keyValue: { name: 'Zaphod' },
    });
    expect(hiddenText(server, source, 'insertOne on users')).toBe('duplicate key in name (insertOne on users)');
    expect(hiddenText(new Error('user failed', { cause: server }), source)).toBe(
      'Error: user ‹hidden›, caused by duplicate key in name',
    );
  });

  test("a server's without a name gets the one of its code", () => {
    const server = Object.assign(new Error('…'), { name: 'MongoBulkWriteError', code: 66 });
    expect(hiddenText(server, source)).toBe('server error 66 ImmutableField');
  });

  test('one of ours is shown whole, as it is, as a cause, and where user code quotes it', () => {
    const ours = new ReleaseError('BATCH_INVALID', 'batch takes either update or each.', { hint: 'Write one.' });
    const shown = 'batch takes either update or each [BATCH_INVALID]';
    expect(hiddenText(ours, source)).toBe(shown);
    expect(hiddenText(new Error('user Zaphod', { cause: ours }), source)).toBe(
      `Error: user ‹hidden›, caused by ${shown}`,
    );
    const given = { ...source, given: new Set([ours.message]) };
    const quoting = new Error(`user Zaphod: ${ours.message} Trillian`);
    expect(hiddenText(quoting, given)).toBe('Error: user ‹hidden›: batch takes either update or each. ‹hidden›');
  });

  test("the driver's own keep its vocabulary", () => {
    const named = (name: string, message: string) => Object.assign(new Error(message), { name });
    const atomic = named('MongoInvalidArgumentError', 'Update document requires atomic operators');
    expect(hiddenText(atomic, source)).toBe('MongoInvalidArgumentError: Update document requires atomic operators');
    expect(hiddenText(named('BSONError', "Input: 'Zaphod' is not a safe integer"), source)).not.toContain('Zaphod');
  });

  test('those that many meet are said in words that hold no data', () => {
    const coded = (code: string, message: string) => Object.assign(new Error(message), { code });
    const cannotFind = (name: string) =>
      coded('MODULE_NOT_FOUND', `Cannot find module '${name}'\nRequire stack:\n- /home/zaphod/a.js`);
    expect(hiddenText(cannotFind('left-pad'), source)).toBe('the module left-pad cannot be found');
    expect(hiddenText(cannotFind('@scope/left/pad.js'), source)).toBe('the module @scope/left/pad.js cannot be found');
    expect(hiddenText(cannotFind(`${process.cwd()}/lib/a.js`), source)).toBe('the module lib/a.js cannot be found');
    expect(hiddenText(cannotFind('Zaphod Beeblebrox'), source)).not.toContain('Zaphod');
    const ambiguous = coded('ERR_AMBIGUOUS_MODULE_SYNTAX', 'Cannot determine intended module format');
    expect(hiddenText(ambiguous, source)).toMatch(/^it has require, exports or module beside an await/);
    const large = coded('ERR_OUT_OF_RANGE', 'The value of "offset" is out of range.');
    expect(hiddenText(large, source, 'insertOne on users')).toBe(
      'a document is larger than 16 MB (insertOne on users)',
    );
    expect(hiddenText(large, source)).not.toContain('16 MB');
  });

  test("Mongoose's without an address says that there is none, and what to work with", async () => {
    const error = await mongoose.connect(undefined as never).catch((error: unknown) => error);
    expect(hiddenText(error, source)).toMatch(/^Mongoose was asked for a connection of its own/);
    expect(known(error)?.hint).toMatch(/^Work with the db, client and models that up is given/);
  });

  test('one of a connection says where to, without credentials', async () => {
    const refused = await fetch('http://user:secret@127.0.0.1:1/').catch((error: unknown) => error);
    expect(hiddenText(refused, source)).not.toContain('secret');
    const port = createServer().listen(0);
    const { port: free } = port.address() as { port: number };
    await new Promise((done) => port.close(done));
    const error = await fetch(`http://127.0.0.1:${free}/`).catch((error: unknown) => error);
    expect(hiddenText(error, source)).toBe(`TypeError: fetch failed, caused by connect ECONNREFUSED 127.0.0.1:${free}`);
    const several = Object.assign(new AggregateError([(error as Error).cause]), { code: 'ECONNREFUSED' });
    expect(hiddenText(several, source)).toBe(`connect ECONNREFUSED 127.0.0.1:${free}`);
    const odd = Object.assign(new Error('Zaphod'), { code: 'ECONNREFUSED', syscall: 'connect', address: 'a:b@c/d' });
    expect(hiddenText(odd, source)).toBe('connect ECONNREFUSED');
  });

  test("a system call's keeps its code", () => {
    const error = Object.assign(new Error("ENOENT: no such file, open '/home/zaphod/users.csv'"), {
      code: 'ENOENT',
      syscall: 'open',
    });
    expect(hiddenText(error, source)).toMatch(/^Error ENOENT: /);
    expect(hiddenText(error, source)).not.toMatch(/zaphod|csv/);
  });

  test('fields keep what batch and the driver answer with, and each hidden name stands for itself', () => {
    expect(hideFields({ matched: 4, modified: 2, upsertedCount: 0 }, source)).toEqual({
      matched: 4,
      modified: 2,
      upsertedCount: 0,
    });
    expect(hideFields({ Zaphod: 1, Trillian: 2 }, source)).toEqual({ '‹hidden›': 1, '‹hidden› 2': 2 });
  });

  test('a name that an error was given is hidden like any word', () => {
    expect(hiddenText(Object.assign(new Error('user'), { name: 'Zaphod' }), source)).toBe('Error: user');
  });

  test('what is no error is told by its type', () => {
    expect(hiddenText({ name: 'Zaphod' }, source)).toBe('it threw something of type object that is no error');
    expect(hiddenText('Zaphod', source)).toBe('it threw the text: ‹hidden›');
    expect(hiddenText(null, source)).toBe('it threw null');
  });
});

test('fields of a log line are numbers, booleans, ids and words of the source', () => {
  expect(
    hideFields({ users: 3, mail: 'Zaphod', name: 'users', find: true, _id: 12n, Zaphod: 1, user: undefined }, source),
  ).toEqual({ users: 3, mail: '‹hidden›', name: 'users', find: true, _id: 12, '‹hidden›': 1 });
});
