import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { ReadLog } from '../../../../src/migration/gate/replay/read-log.ts';

const many = 200_000;
const fingerprint = 'f'.repeat(22);
const mostOfDocument = 16 * 1024 * 1024;
/** What else an entry holds: calls of a transaction, its own fields. */
const besides = 6_500_000;

const error = { name: 'MongoServerError', message: 'm'.repeat(200), code: 2, response: { ok: 0, code: 2 } };

const reads: Readonly<Record<string, (log: ReadLog, occurrence: number) => void>> = {
  'cursors that give nothing': (log, n) => log.cursor(fingerprint, n, undefined).ended(),
  'reads that give nothing': (log, n) => log.answered(fingerprint, n, null, undefined),
  'reads that are refused': (log, n) => log.failed(fingerprint, n, error, undefined),
  'cursors that are refused': (log, n) => log.cursor(fingerprint, n, undefined).failed(error),
  'reads of many words': (log, n) => log.answered(fingerprint, n, { n, words: 'w'.repeat(100) }, undefined),
};

for (const [what, read] of Object.entries(reads)) {
  test(`${what} fit into one entry, however many they are`, () => {
    const after = (most: number) => {
      const log = new ReadLog();
      let made = 0;
      for (; made < most && !log.closed; made += 1) read(log, made);
      return { log, made };
    };
    // The last of these puts on record that nothing is kept any more.
    const { made } = after(many);
    const { log } = after(made - 1);
    expect(log.closed).toBe(false);
    const size = BSON.calculateObjectSize({ reads: log.take() }, { ignoreUndefined: true });
    expect(size).toBeLessThan(mostOfDocument - besides);
  });
}

test.each(['cursors that give nothing', 'reads that are refused'])(
  'of %s any number is kept, as long as entries take them along',
  (what) => {
    const log = new ReadLog();
    for (let made = 0; made < many; made += 1) {
      reads[what]?.(log, made);
      if (made % 1000 === 0) log.stored(log.take());
    }
    expect(log.closed).toBe(false);
  },
);

test('what a transaction read that is made again is charged for once', () => {
  const log = new ReadLog();
  for (let made = 0; made < many; made += 1) {
    const session = {};
    log.cursor(fingerprint, 0, session).ended();
    log.ended(session, 'given-back');
  }
  expect(log.closed).toBe(false);
});
