import { expect, test } from 'vitest';
import { whyEnded } from '../../src/sandbox/why-ended.ts';

const line = (s: string, msg: string, attr = {}) => JSON.stringify({ t: { $date: '' }, s, c: 'STORAGE', msg, attr });

// As mongod 6.0 writes them.
test.each([
  ['killed', { code: null, reason: 'SIGKILL', output: '' }, '', 'SIGKILL, as the kernel does where memory runs out'],
  ['killed in Docker', { code: 137, output: line('I', 'Listening') }, '', /^exit code 137, as the kernel/],
  [
    'a full disk',
    { code: 14, output: '' },
    [line('E', 'WiredTiger error message', { error: 28, message: {} }), line('F', 'Fatal assertion')].join('\n'),
    'exit code 14: its disk is full',
  ],
  [
    'an error',
    { code: 1, output: 'forked\n' },
    [line('E', 'Error during start', { error: { code: 2, errmsg: 'no such option' } }), line('I', 'bye')].join('\n'),
    'exit code 1: Error during start: no such option',
  ],
  ['a program', { code: 125, output: 'docker: no such image\n' }, '', 'exit code 125: docker: no such image'],
])('a mongod that ended tells why: %s', (_, end, log, said) => {
  expect(whyEnded(end, log)).toEqual(typeof said === 'string' ? said : expect.stringMatching(said));
});
