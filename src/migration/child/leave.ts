/** Ends this process, whatever user code has left open. It is the entry of a process of its own, as the doors are. */
export function leave(code: number): never {
  // biome-ignore lint/plugin: the one place where the child ends itself
  process.exit(code);
}
