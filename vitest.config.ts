import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/setup/order.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/setup/global.ts'],
    // One more than the two cores of the runner: what runs whole programs waits for them, and for leases and hooks.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
