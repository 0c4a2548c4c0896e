/**
 * Damages archives in every form they are stored in, and looks at what reading them makes of it: `npm run damage-sweep`.
 * Each must be refused, or give exactly the documents that were written, also where the manifest was made to fit.
 *
 *   --form NAME    zstd, gzip, none, or with ", encrypted" behind; default all
 *   --documents N  in each of two collections of the small archive (default 3)
 *   --large N      bits of a large archive, at random places (default 500)
 *
 * Every bit of a small archive, every length it can be cut to, and its blocks left out, doubled and swapped. Needs no
 * server. Exits with 1 when something was wrong.
 */
import { parseArgs } from 'node:util';
import {
  blockDamages,
  flipped,
  forms,
  judge,
  nameOf,
  pack,
  plainArchive,
  type Sample,
  sampleOf,
} from '../test/backup/damage.ts';

const { values } = parseArgs({
  options: {
    form: { type: 'string' },
    documents: { type: 'string', default: '3' },
    large: { type: 'string', default: '500' },
  },
});
const chosen = forms.filter((form) => values.form === undefined || nameOf(form) === values.form);
if (chosen.length === 0) throw new Error(`No such form. There are ${forms.map(nameOf).join('; ')}.`);
let wrong = 0;

for (const form of chosen) {
  const small = await sampleOf(plainArchive(Number(values.documents)), form);
  await count(`every bit of ${small.bytes.length} bytes`, small, bits(small.bytes));
  await count('cut at every length', small, cuts(small.bytes));
  await count('blocks cut, left out, doubled, swapped', small, blocks(small));
  const large = await sampleOf(plainArchive(40_000), form);
  await count(`${values.large} bits of ${large.bytes.length} bytes`, large, bits(large.bytes, Number(values.large)));

  async function count(
    what: string,
    sample: Sample,
    damages: AsyncIterable<readonly [string, Buffer]> | Iterable<readonly [string, Buffer]>,
  ): Promise<void> {
    const seen = { refused: 0, same: 0, wrong: 0 };
    for await (const [place, bytes] of damages) {
      for (const forged of [false, true]) {
        const verdict = await judge(sample, bytes, forged);
        const kind = verdict === 'refused' || (verdict === 'same' && forged) ? verdict : 'wrong';
        seen[kind]++;
        if (kind === 'wrong') console.log(`    ${place}${forged ? ', manifest made to fit' : ''}: ${verdict}`);
      }
    }
    wrong += seen.wrong;
    console.log(`${nameOf(form)}, ${what}: ${seen.refused} refused, ${seen.same} the same, ${seen.wrong} wrong`);
  }
}
if (wrong > 0) process.exitCode = 1;

/** Each bit, or as many at random. */
function* bits(bytes: Buffer, random?: number): Generator<readonly [string, Buffer]> {
  const all = bytes.length * 8;
  for (let n = 0; n < (random ?? all); n++) {
    const at = random === undefined ? n : Math.floor(Math.random() * all);
    yield [`bit ${at % 8} of byte ${Math.floor(at / 8)}`, flipped(bytes, Math.floor(at / 8), at % 8)];
  }
}

function* cuts(bytes: Buffer): Generator<readonly [string, Buffer]> {
  for (let length = 0; length < bytes.length; length++) yield [`cut at ${length}`, bytes.subarray(0, length)];
}

async function* blocks({ plain, form }: Sample): AsyncGenerator<readonly [string, Buffer]> {
  for (const [what, damaged] of blockDamages(plain)) yield [what, await pack(damaged, form)];
}
