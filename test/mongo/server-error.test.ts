import { expect, inject, test } from 'vitest';
import { connect } from '../../src/mongo/connect.ts';
import { asServerFailure } from '../../src/mongo/server-error.ts';
import { Secrets } from '../../src/observe/secrets.ts';

const at = (user: string, query: string) => `mongodb://${user}${new URL(inject('mongoUri')).host}/shop?${query}`;

test.for([
  ['mongodb+srv://u:hunter2@nowhere.invalid/shop', 'SERVER_UNREACHABLE', 'SRV record'],
  [at('u:hunter2@', 'tls=true&tlsCAFile=/no/such/file'), 'URI_INVALID', 'tlsCAFile'],
  ['mongodb://u:hunter2@127.0.0.1:99999/shop', 'SERVER_ERROR', 'port'],
  [at('', 'compressors=snappy'), 'SERVER_ERROR', 'compressors'],
])('what fails before a server answers is told with its next step: %s', async ([uri = '', code, next]) => {
  const error = await connect(uri, { secrets: new Secrets(), timeoutMs: 300 }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code, hint: expect.stringContaining(String(next)) });
  expect(`${error.message} ${error.hint}`).not.toMatch(/hunter2|answered with an error/);
});

test('a defect stays one', () => {
  const defect = new TypeError('x is not a function');
  expect(() => asServerFailure(defect, 'connecting')).toThrow(defect);
});
