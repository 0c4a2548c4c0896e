import { invoke } from '../arguments.ts';
import type { Gate } from '../gate.ts';
import type { Driver, RawCursor } from '../raw.ts';
import { type CursorPlan, planOf } from './cursor-plan.ts';
import { type Caught, LoggedCursor } from './logged-cursor.ts';
import type { ReadCall } from './reads.ts';

/** The cursors of user code, from their first fetch on. */
export class CursorLogs {
  readonly #gate: Gate;
  readonly #driver: Driver;
  /** `undefined` for one whose documents are not kept. */
  readonly #begun = new WeakMap<RawCursor, LoggedCursor | undefined>();
  readonly #caught = new WeakMap<RawCursor, Caught>();

  constructor(gate: Gate, driver: Driver) {
    this.#gate = gate;
    this.#driver = driver;
  }

  /** Whether what the cursor gives out has to pass here. */
  wants(raw: RawCursor): boolean {
    const { replay } = this.#gate;
    return replay !== undefined && (!replay.reads.idle || this.#begun.get(raw) !== undefined);
  }

  begun(raw: RawCursor): LoggedCursor | undefined {
    return this.#begun.get(raw);
  }

  /** Undefined where the cursor passes as it is. Throws `REPLAY_DIVERGED`. */
  of(raw: RawCursor): LoggedCursor | undefined {
    const { replay } = this.#gate;
    if (replay === undefined) return undefined;
    if (this.#begun.has(raw)) return this.#begun.get(raw);
    const plan = planOf(raw);
    // One that user code has made around the collection's methods: what it gives is not known when it is needed.
    if (plan === undefined) replay.reads.log.close();
    const track = plan === undefined ? undefined : replay.reads.cursor(this.#call(plan));
    const logged =
      plan === undefined || track === undefined
        ? undefined
        : new LoggedCursor(raw, plan, this.#caughtOf(raw), { gate: this.#gate, driver: this.#driver, replay, track });
    this.#begun.set(raw, logged);
    return logged;
  }

  /** A question about a cursor that gives a value. */
  asked(raw: RawCursor, method: string, args: readonly unknown[], send: () => Promise<unknown>): Promise<unknown> {
    const { replay } = this.#gate;
    const plan = planOf(raw);
    if (replay === undefined || plan === undefined) return this.#gate.read(send);
    const call = { ...this.#call(plan), again: undefined };
    const asked = { ...call, method: `${call.method} ${method}`, args: [...call.args, ...args] };
    return replay.reads.read(asked, () => this.#gate.read(send));
  }

  /**
   * Puts the functions of `map` behind one of ours, once: what is kept is what came from the server, before user code
   * made something else of it.
   */
  catchDocuments(raw: RawCursor, plan: CursorPlan): void {
    const caught = this.#caughtOf(raw);
    invoke(raw, 'map', [
      (document: unknown) => {
        caught.document = document;
        if (caught.leftOut?.(document) === true) return document;
        return plan.transforms.reduce((value, transform) => transform(value), document);
      },
    ]);
  }

  /** The clone has the functions of `map` in it already, with the original's catch. */
  cloned(raw: RawCursor, clone: RawCursor): void {
    this.#caught.set(clone, this.#caughtOf(raw));
  }

  /** It begins from its top: that is another read. */
  rewound(raw: RawCursor): void {
    this.#begun.delete(raw);
  }

  /** User code looks into the driver's buffer, which depends on the network's timing: nothing that can be repeated. */
  lookedInto(_raw: RawCursor): void {
    this.#gate.replay?.reads.log.close();
  }

  #caughtOf(raw: RawCursor): Caught {
    const caught = this.#caught.get(raw) ?? { document: undefined };
    this.#caught.set(raw, caught);
    return caught;
  }

  #call(plan: CursorPlan): ReadCall {
    const { method, namespace, session, collection } = plan.origin;
    const again =
      method === 'find' && collection !== undefined ? { collection, options: plan.readOptions() } : undefined;
    return { method, namespace, args: plan.args, session: session ?? this.#gate.enclosing, again };
  }
}
