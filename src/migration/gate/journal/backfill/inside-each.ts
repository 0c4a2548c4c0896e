import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<true>();

/**
 * Whether the code that asks was called by the function of a batch. What it reads belongs to no entry: a batch that is
 * taken up again does not call the function for documents that are done.
 */
export function insideEach(): boolean {
  return scope.getStore() === true;
}

export function runEach<T>(call: () => T): T {
  return scope.run(true, call);
}
