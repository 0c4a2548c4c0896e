import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ahead } from '../../../src/migration/undo/lots.ts';

/** Items that are read, with a word of each moment in between. */
function reading(told: string[], items: readonly (number | Error)[]): AsyncGenerator<number> {
  return (async function* () {
    try {
      for (const item of items) {
        const name = item instanceof Error ? item.message : String(item);
        told.push(`asked for ${name}`);
        await sleep(5);
        told.push(`read ${name}`);
        if (item instanceof Error) throw item;
        yield item;
      }
    } finally {
      told.push('ended');
    }
  })();
}

/** Takes them, each for longer than one is read; `fails`: while it is at this one. */
async function taken(
  items: readonly (number | Error)[],
  { alone = () => false, fails }: { alone?: (item: number) => boolean; fails?: number } = {},
) {
  const told: string[] = [];
  const done = async () => {
    for await (const item of ahead(reading(told, items), alone)) {
      told.push(`at ${item}`);
      if (item === fails) throw new Error(`failed at ${item}`);
      await sleep(20);
      told.push(`done ${item}`);
    }
  };
  const error = await done().then(
    () => undefined,
    (cause: Error) => cause.message,
  );
  // What is left undone by then would be told behind it.
  const { length } = told;
  await sleep(20);
  expect(told).toHaveLength(length);
  return { told, error };
}

test('the next one is read while one is at work, in their order, and none beyond it', async () => {
  expect(await taken([1, 2, 3])).toEqual({
    error: undefined,
    told: [
      ...['asked for 1', 'read 1', 'asked for 2', 'at 1', 'read 2', 'done 1'],
      ...['asked for 3', 'at 2', 'read 3', 'done 2', 'ended', 'at 3', 'done 3'],
    ],
  });
});

test('the one behind one that is alone is not asked for before that one is done', async () => {
  expect(await taken([1, 2, 3], { alone: (item) => item === 2 })).toEqual({
    error: undefined,
    told: [
      ...['asked for 1', 'read 1', 'asked for 2', 'at 1', 'read 2', 'done 1'],
      ...['at 2', 'done 2', 'asked for 3', 'read 3', 'ended', 'at 3', 'done 3'],
    ],
  });
});

test.each([
  ['read meanwhile', () => false, ['asked for broken', 'at 1', 'read broken', 'ended', 'done 1']],
  ['read behind it', () => true, ['at 1', 'done 1', 'asked for broken', 'read broken', 'ended']],
])('one that cannot be read is told once the one before it is done: %s', async (_, alone, told) => {
  expect(await taken([1, new Error('broken'), 3], { alone })).toEqual({
    error: 'broken',
    told: ['asked for 1', 'read 1', ...told],
  });
});

test.each([
  ['is read', [1, 2, 3], 'read 2'],
  ['cannot be read', [1, new Error('broken'), 3], 'read broken'],
])(
  'what goes wrong with one is told as it is, behind the next one that %s: nothing goes on then',
  async (_, items, read) => {
    expect(await taken(items, { fails: 1 })).toEqual({
      error: 'failed at 1',
      told: ['asked for 1', 'read 1', read.replace('read', 'asked for'), 'at 1', read, 'ended'],
    });
  },
);

test('who takes no more ends the reading, also of one that is alone', async () => {
  for (const isAlone of [true, false]) {
    const told: string[] = [];
    for await (const item of ahead(reading(told, [1, 2, 3]), () => isAlone)) if (item === 1) break;
    expect(told.at(-1)).toBe('ended');
    expect(told).not.toContain('asked for 3');
  }
});
