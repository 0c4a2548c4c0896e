import { expect, test } from 'vitest';
import { code, prose } from '../../src/report/escape.ts';
import { oneLine, visible } from '../../src/report/visible.ts';

test.each([
  ['plain_name-1.ts', '`plain_name-1.ts`'],
  ['a`b', '``a`b``'],
  ['`a', '`` `a ``'],
  ['a\nb\tc', '`a b c`'],
  ['<b>&amp;', '`<b>&amp;`'],
  ['a|b', '`a|b`'],
  ['', ''],
])('the name %j is %j', (name, expected) => expect(code(name)).toBe(expected));

test('a bar in a name does not end a cell', () => {
  expect(code('a|b', { inTable: true })).toBe('`a\\|b`');
});

test.each([
  ['APP_URL is not set: use --store ./backups', 'APP_URL is not set: use --store ./backups'],
  ['_x_ *x* ~~x~~', '&#95;x&#95; &#42;x&#42; &#126;&#126;x&#126;&#126;'],
  ['<script>alert(1)</script>', '&#60;script&#62;alert(1)&#60;/script&#62;'],
  ['[a](javascript:x) ![b](c)', '&#91;a](javascript:x) !&#91;b](c)'],
  ['a|b `c \\d $e$ &lt;', 'a&#124;b &#96;c &#92;d &#36;e&#36; &#38;lt;'],
  ["type `db._own.find({ $in: ['<b>'] })`, _so_", "type `db._own.find({ $in: ['<b>'] })`, &#95;so&#95;"],
  ['`a``b` ``c`` `', '&#96;a&#96;&#96;b&#96; &#96;&#96;c&#96;&#96; &#96;'],
  ['ask @team about #12', 'ask @<!-- -->team about #<!-- -->12'],
  ['# a', '&#35; a'],
  ['1. a', '1&#46; a'],
  ['1.5 s', '1.5 s'],
  ['- a\n+ b\n---', '&#45; a<br>&#43; b<br>&#45;--'],
  ['> quoted', '&#62; quoted'],
])('the sentence %j is %j', (text, expected) => expect(prose(text)).toBe(expected));

test('a sentence without end does not fill the summary', () => {
  expect(prose('x'.repeat(100_000)).length).toBeLessThan(10_100);
});

test('what would move the cursor or turn the text round is made visible', () => {
  expect(visible('a\u001b[2Jb\u202ec\r\nd\re')).toBe('a\ufffd[2Jb\ufffdc\nd\ne');
  expect(oneLine('a\nb'.repeat(10), 9)).toBe('a ba ba …');
});
