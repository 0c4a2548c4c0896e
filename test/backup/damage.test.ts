import { describe, expect, test } from 'vitest';
import { blockDamages, bordersOf, flipped, forms, judge, nameOf, pack, plainArchive, sampleOf } from './damage.ts';

// Every bit, in every form, and more of a large archive: npm run damage-sweep

describe.each(forms)('an archive ($compression, encrypted $encrypted)', (form) => {
  // Decrypting asks for a public-key operation each time: fewer places have to do here.
  const step = form.encrypted ? 40 : 1;

  test('with a flipped bit at any byte is refused by its manifest, and never gives other documents without', async () => {
    const sample = await sampleOf(plainArchive(1), form);
    expect(await judge(sample, sample.bytes, false)).toBe('same');
    const forged: string[] = [];
    for (let at = 0; at < sample.bytes.length; at += step) {
      const bytes = flipped(sample.bytes, at, at % 8);
      expect(`${at} ${await judge(sample, bytes, false)}`).toBe(`${at} refused`);
      const verdict = await judge(sample, bytes, true);
      forged.push(verdict);
      expect(`${at} ${verdict}`).not.toContain('wrong');
    }
    // Fields that nobody reads are few; an encrypted file has none.
    expect(forged.filter((verdict) => verdict === 'same').length).toBeLessThan(forged.length / 10);
    if (form.encrypted) expect(forged).not.toContain('same');
  }, 120_000);

  test('cut at any byte is refused, and whole blocks that are cut, left out, doubled or swapped never pass', async () => {
    const sample = await sampleOf(plainArchive(1), form);
    for (let length = 0; length < sample.bytes.length; length += step * 5) {
      const bytes = sample.bytes.subarray(0, length);
      expect(`${length} ${await judge(sample, bytes, false)}`).toBe(`${length} refused`);
      expect(`${length} ${await judge(sample, bytes, true)}`).not.toContain('wrong');
    }
    expect(bordersOf(sample.plain).at(-1)).toBe(sample.plain.length);
    let passed = 0;
    for (const [what, plain] of blockDamages(sample.plain)) {
      const verdict = await judge(sample, await pack(plain, form), true);
      if (verdict === 'same') passed++;
      else expect(`${what}: ${verdict}`).toBe(`${what}: refused`);
    }
    // The order of blocks of different collections says nothing, nor do empty blocks.
    expect(passed).toBeGreaterThan(0);
  }, 120_000);
});

test.each(forms.filter(({ encrypted }) => !encrypted))(
  'a sample of flipped bits in a large archive ($compression) is refused, and never gives other documents without its manifest',
  async (form) => {
    const sample = await sampleOf(plainArchive(20_000), form);
    for (let n = 0; n < 10; n++) {
      const at = Math.floor(Math.random() * sample.bytes.length);
      const bytes = flipped(sample.bytes, at, n % 8);
      expect(`${nameOf(form)} ${at} ${await judge(sample, bytes, false)}`).toBe(`${nameOf(form)} ${at} refused`);
      // Of its head there are fields that nobody reads.
      expect(`${nameOf(form)} ${at} ${await judge(sample, bytes, true)}`).not.toContain('wrong');
    }
  },
  120_000,
);
