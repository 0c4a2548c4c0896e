import type { Gate } from './gate.ts';
import type { Membrane } from './membrane.ts';
import type { Driver } from './raw.ts';

/** What every wrapper around an object of the driver works with. */
export interface Wrappers {
  readonly gate: Gate;
  readonly driver: Driver;
  readonly membrane: Membrane;
  /** Cursors of raw commands that write: how their first fetch is sent. */
  readonly writingCursors: WeakMap<object, () => Promise<unknown>>;
}
