import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/setup/order.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/setup/global.ts'],
    // One more than the two cores of the runner: what runs whole programs waits for them, and for leases and hooks.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    // They end what hangs. Whole programs that a busy machine runs may take ten times as long as on a quiet one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
