import type { Gate } from '../gate/gate.ts';
import { noEffects } from '../gate/tally.ts';
import type { Parent } from './parent.ts';
import type { ChildState } from './protocol.ts';

/** How often the parent hears from a child that is alive, in milliseconds. Three missed ones count as silence. */
export const heartbeatMs = 300;

/**
 * Tells the parent how far it got, often enough for progress and life, and before every write that would make the last
 * report untrue: after a kill the parent knows either the exact effects, or that something is unknown.
 */
export class Reporter {
  readonly #parent: Parent;
  #gate: Gate | undefined;
  /** Whether the parent believes that nothing is under way. */
  #calm = true;

  constructor(parent: Parent) {
    this.#parent = parent;
  }

  start(): void {
    setInterval(() => void this.#report(), heartbeatMs);
  }

  follow(gate: Gate): void {
    this.#gate = gate;
  }

  /** Awaited by the gate before a write is sent; costs a message only when the parent believes that all is calm. */
  beforeWrite(): Promise<void> | undefined {
    if (!this.#calm) return undefined;
    this.#calm = false;
    return this.#parent.send({ type: 'writing' });
  }

  state(): ChildState {
    const gate = this.#gate;
    if (gate === undefined) return { effects: noEffects, operations: [], writing: 0 };
    return { effects: gate.effects(), operations: gate.books.operations(), writing: gate.books.exposed };
  }

  async #report(): Promise<void> {
    const state = this.state();
    this.#calm = state.writing === 0;
    await this.#parent.send({ type: 'state', state });
  }
}
