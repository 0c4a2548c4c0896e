import { describe, expect, test } from 'vitest';
import { checkedOptions } from '../../../src/migration/child/batch-options.ts';

const each = () => null;

function refusal(given: unknown): { code: string; message: string; hint: string } {
  try {
    checkedOptions(given, 'shop');
  } catch (error) {
    return error as never;
  }
  return expect.fail('it was taken');
}

describe('what batch is called with', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /takes one object/],
    ['no collection', { each }, /got no collection/],
    ['a collection of another kind', { collection: { name: 'cities' }, each }, /got no collection/],
    ['a misspelt option', { collection: 'cities', each, batchSize: 5 }, /does not know batchSize/],
    ['neither update nor each', { collection: 'cities' }, /either update or each/],
    ['both', { collection: 'cities', each, update: { $set: { a: 1 } } }, /either update or each/],
    ['an each that is none', { collection: 'cities', each: 5 }, /no function/],
    ['a replacement for all', { collection: 'cities', update: { a: 1 } }, /update of batch is neither/],
    ['an empty update', { collection: 'cities', update: {} }, /update of batch is neither/],
    ['an empty pipeline', { collection: 'cities', update: [] }, /update of batch is neither/],
    ['a filter that is none', { collection: 'cities', each, filter: 'a' }, /filter of batch/],
    ['a size of nothing', { collection: 'cities', each, size: 0 }, /size is no whole number from 1 to 10000/],
    ['an order that is none', { collection: 'cities', each, order: { a: 'asc' } }, /order of batch does not say/],
    ['an unknown throttle', { collection: 'cities', each, throttle: { pause: 5 } }, /does not know pause/],
    ['half a pause', { collection: 'cities', each, throttle: { pauseMs: 0.5 } }, /pauseMs is no whole number/],
    ['another way with errors', { collection: 'cities', each, onError: 'ignore' }, /onError is neither/],
  ])('%s is refused', (_, given, message) => {
    const error = refusal(given);
    expect(error).toMatchObject({ code: 'BATCH_INVALID', message: expect.stringMatching(message) });
    expect(error.hint).not.toBe('');
  });

  test('names a collection in any of three ways', () => {
    const model = Object.assign(() => {}, {
      modelName: 'City',
      db: { name: 'other' },
      collection: { collectionName: 'cities' },
    });
    const names = (collection: unknown) => checkedOptions({ collection, each }, 'shop').namespace;
    expect(names('cities')).toEqual({ database: 'shop', collection: 'cities' });
    expect(names({ dbName: 'mall', collectionName: 'cities' })).toEqual({ database: 'mall', collection: 'cities' });
    expect(names({ conn: { name: 'mall' }, collectionName: 'cities' })).toEqual({
      database: 'mall',
      collection: 'cities',
    });
    expect(names(model)).toEqual({ database: 'other', collection: 'cities' });
  });

  test('means the documents of one kind by a model of that kind', () => {
    const model = Object.assign(() => {}, {
      modelName: 'Village',
      collection: { collectionName: 'cities' },
      schema: { discriminatorMapping: { key: '__t', value: 'Village', isRoot: false } },
    });
    const { filter } = checkedOptions({ collection: model, filter: { a: 1 }, each }, 'shop');
    expect(filter).toEqual({ $and: [{ __t: 'Village' }, { a: 1 }] });
  });

  test('is ordered so that no two documents have one place', () => {
    const order = (order: object) => checkedOptions({ collection: 'cities', each, order }, 'shop').order;
    expect(order({ a: -1 })).toEqual([
      ['a', -1],
      ['_id', 1],
    ]);
    expect(order({ a: 1, _id: -1, b: 1 })).toEqual([
      ['a', 1],
      ['_id', -1],
    ]);
  });
});
