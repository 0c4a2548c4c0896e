import { leave } from './leave.ts';
import type { FromChild, ToChild } from './protocol.ts';

/** The other end of the IPC channel. */
export class Parent {
  readonly #send: NonNullable<typeof process.send>;
  #ended = false;
  #last: (() => FromChild) | undefined;

  /** Takes the channel away from user code: `process.send` is gone afterwards. Throws in a process without one. */
  constructor() {
    if (process.send === undefined) throw new Error('This file is run by mongo-release itself.');
    this.#send = process.send.bind(process);
    process.send = undefined;
    // The parent is gone: nothing may go on that nobody supervises.
    process.on('disconnect', () => {
      this.#ended = true;
      leave(1);
    });
    // A terminal sends it to the whole group; the parent decides what is to happen.
    process.on('SIGINT', () => {});
  }

  receive(listener: (message: ToChild) => void): void {
    process.on('message', (message) => listener(message as ToChild));
  }

  /** Resolves when the message is handed to the kernel: it arrives also when this process is killed then. */
  send(message: FromChild): Promise<void> {
    return new Promise((resolve) => {
      this.#send(message, undefined, {}, () => resolve());
    });
  }

  /** Called when this process ends without `finish`: user code called `process.exit`, or a fatal error. */
  onEarlyExit(last: () => FromChild | undefined): void {
    process.on('exit', () => {
      if (this.#ended) return;
      const message = last();
      if (message !== undefined) this.#send(message);
    });
  }

  /** What goes out before the last message, whatever that is. */
  beforeFinish(last: () => FromChild): void {
    this.#last = last;
  }

  /** Sends the last message and ends the process. */
  async finish(message: FromChild): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#last !== undefined) void this.send(this.#last());
    await this.send(message);
    leave(0);
  }
}
