import { describe, expect, test } from 'vitest';
import { hiddenText, hideFields, hideUnknown } from '../../../src/migration/child/redact.ts';
import { type Source, wordsOf } from '../../../src/migration/child/source.ts';

const text = `export async function up(db) {
  for await (const user of db.collection('users').find()) {
    if (!user.mail) throw new Error(\`user \${user._id} (\${user.name}) has no mail after 3 tries\`);
  }
}`;
const source: Source = { path: '/p/a.mjs', fileName: 'a.mjs', words: new Set(wordsOf(text)), showValues: false };

describe('what user code says', () => {
  test.each([
    ['user 17 (Zaphod) has no mail after 3 tries', 'user 17 (‹hidden›) has no mail after 3 tries'],
    ['user 507f1f77bcf86cd799439011 has no mail', 'user 507f1f77bcf86cd799439011 has no mail'],
    ['user a07f1f77-bcf8-4cd7-9943-9011aaaaaaaa has no mail', 'user a07f1f77-bcf8-4cd7-9943-9011aaaaaaaa has no mail'],
    ['user zaphod@galaxy.example', 'user ‹hidden›'],
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

  test('is shown as it is when that was asked for', () => {
    expect(hideUnknown('user Zaphod', { ...source, showValues: true })).toBe('user Zaphod');
    expect(hiddenText(new Error('user Zaphod'), { ...source, showValues: true })).toBe('Error: user Zaphod');
  });
});

describe('errors', () => {
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

  test("a system call's keeps its code", () => {
    const error = Object.assign(new Error("ENOENT: no such file, open '/home/zaphod/users.csv'"), {
      code: 'ENOENT',
      syscall: 'open',
    });
    expect(hiddenText(error, source)).toMatch(/^Error ENOENT: /);
    expect(hiddenText(error, source)).not.toMatch(/zaphod|csv/);
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
