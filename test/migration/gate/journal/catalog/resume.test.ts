import { describe, expect, test } from 'vitest';
import { everything, lab, outcome } from './lab.ts';
import { type Row, rows, seed } from './methods.ts';

/** `all`: at every command of every row, which takes minutes; by default at one of each. */
const all = process.env.MONGO_RELEASE_SWEEP === 'all';

/** Small, and the same in every run. */
function chosen(row: Row, commands: number): { after: number; answerLost: boolean }[] {
  const every = Array.from({ length: commands }, (_, at) => [
    { after: at, answerLost: false },
    { after: at + 1, answerLost: true },
  ]).flat();
  if (all) return every;
  const start = [...row.name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return [every[(start * 7) % every.length]!];
}

describe('a change that is cut off anywhere ends as an undisturbed one', () => {
  test.concurrent.each(rows)('$name', { timeout: all ? 600_000 : 60_000 }, async (row) => {
    await using undisturbed = await lab();
    await seed(undisturbed.raw.db, row);
    await using whole = await undisturbed.run();
    const before = whole.sent();
    const expected = await outcome(undisturbed.raw.name, () => row.change(whole.db));
    const commands = whole.sent() - before;
    const data = await everything(undisturbed.raw.db);
    const effects = whole.gate.effects();
    for (const { after, answerLost } of chosen(row, commands)) {
      await using it = await lab();
      await seed(it.raw.db, row);
      {
        await using first = await it.run({ dies: { after: before + after, answerLost } });
        await outcome(it.raw.name, () => row.change(first.db));
        // The undisturbed one may have sent a command or two again, and this one is through with fewer.
        expect(first.died() || first.sent() <= before + after, `dead after ${after}`).toBe(true);
      }
      await using second = await it.run();
      const at = `cut off after command ${after}, ${answerLost ? 'its answer lost' : 'answered'}`;
      expect(await outcome(it.raw.name, () => row.change(second.db)), at).toEqual(expected);
      expect(await everything(it.raw.db), at).toEqual(data);
      expect(
        (await it.entries()).filter(({ state }) => state !== 'done' && state !== 'refused'),
        at,
      ).toEqual([]);
      // What a refused call did is seen from the catalog alone, and not where an earlier run has done it.
      expect(second.gate.effects().indexesCreated, at).toEqual(effects.indexesCreated);
      expect(second.gate.effects().indexesDropped, at).toEqual(effects.indexesDropped);
      expect([...second.gate.effects().collectionsDropped].sort(), at).toEqual([...effects.collectionsDropped].sort());
    }
  });
});
