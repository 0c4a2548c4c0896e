import { expect, test } from 'vitest';
import { numberChunks } from '../../scripts/chunk-numbers.ts';

/** A bundle as the packer writes it, with these numbers for its two chunks. */
const bundle = (a: number, b: number) =>
  new Map([
    ['index.js', `__nccwpck_require__.e(/* import() */ ${a}); Promise.all([__webpack_require__.e(${b})]); other(${a})`],
    [`${a}.index.js`, `export const id = ${a};\nexport const ids = [${a}];\n\n/***/ 500:\n/***/ 20:\n`],
    [`${b}.index.js`, `export const id = ${b};\nexport const ids = [${b}];\n\n/***/ 700:\n__webpack_require__.e(${a})`],
  ]);

test('bundles that differ in the numbers of their chunks alone become equal', () => {
  const one = numberChunks(bundle(448, 18));
  const other = numberChunks(bundle(7, 99));
  expect([...one.keys()].sort()).toEqual(['1.index.js', '2.index.js', 'index.js']);
  expect(one.get('1.index.js')).toBe(other.get('1.index.js'));
  expect(one.get('2.index.js')).toBe(other.get('2.index.js'));
  expect(one.get('2.index.js')).toContain('__webpack_require__.e(1)');
});

test('only what names a chunk is renumbered', () => {
  expect(numberChunks(bundle(448, 18)).get('index.js')).toBe(
    '__nccwpck_require__.e(/* import() */ 1); Promise.all([__webpack_require__.e(2)]); other(448)',
  );
});

test('a chunk that holds another one says so by its number of now', () => {
  const files = new Map(bundle(448, 2));
  files.set('2.index.js', 'export const id = 2;\nexport const ids = [2,448];\n\n/***/ 500:\n/***/ 20:\n/***/ 700:\n');
  expect(numberChunks(files).get('1.index.js')).toContain('export const ids = [1];');
  expect(numberChunks(files).get('2.index.js')).toContain('export const id = 2;\nexport const ids = [2,1];');
});

test('a chunk that is named and missing is an error', () => {
  expect(() => numberChunks(new Map([['index.js', '__webpack_require__.e(5)']]))).toThrow('chunk 5');
});
