import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** Megabytes that the part of the heap for new objects comes to have, in turn: within two streams, within one of them, after both. */
const program = (file: string) => `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { keepNewSpaceSmall } from ${JSON.stringify(file)};
  const size = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 1e6;
  const kept = [];
  const work = () => {
    for (let nth = 0; nth < 300_000; nth++) kept.push({ nth });
    return size();
  };
  const sizes = [];
  {
    using one = keepNewSpaceSmall();
    {
      using other = keepNewSpaceSmall();
      sizes.push(work());
    }
    sizes.push(work());
  }
  sizes.push(work());
  console.log(JSON.stringify(sizes));
`;

test('new objects get room as soon as no stream of buffers is under way', async () => {
  const file = join(import.meta.dirname, '..', '..', 'src', 'observe', 'memory.ts');
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program(file)]);
  const [both, one, none] = JSON.parse(stdout) as [number, number, number];
  expect(both).toBeLessThan(4);
  expect(one).toBeLessThan(4);
  expect(none).toBeGreaterThan(8);
});
