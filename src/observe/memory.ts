import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the part of the heap in which V8 makes new objects at the size that it begins with. Under a steady stream it
 * grows to 100 MB and more and stays there, empty for the most part; what goes through this program are buffers, which
 * lie elsewhere. Measured on a backup of 0.9 GB: 230 MB at the peak instead of 320, in the same time. For a process
 * that is to make many objects it is the wrong thing.
 */
export function keepNewSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
