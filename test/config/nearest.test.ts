import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/config/nearest.ts';

const words = ['status', 'plan', 'migrate', 'restore', 'rollback', 'digest', 'environment'];

test.each([
  ['stauts', 'status'],
  ['Status', 'status'],
  ['pln', 'plan'],
  ['rolback', 'rollback'],
  ['enviroment', 'environment'],
  ['environnement', 'environment'],
  ['xyz', undefined],
  ['frobnicate', undefined],
])('the nearest to %s is %s', (word, known) => {
  expect(nearest(word, words)).toBe(known);
});

test('of two that are near it is the nearer one, and of equally near ones the first', () => {
  expect(nearest('restor', ['store', 'restore'])).toBe('restore');
  expect(nearest('ac', ['ab', 'ad'])).toBe('ab');
});

test('where nothing is near, nothing is said', () => {
  expect(didYouMean('migarte', words)).toBe(' Did you mean migrate?');
  expect(didYouMean('frobnicate', words)).toBe('');
  expect(didYouMean('x', [])).toBe('');
});
