/**
 * The three doors. Each is loaded by itself, so that the bundle is split: a terminal does not read the action's code, and
 * the child of a migration reads neither.
 */

/** The terminal; `argv` without the program's own name. */
export async function cli(argv: readonly string[]): Promise<void> {
  const { main } = await import('./cli/main.ts');
  await main(argv);
}

/** A step of a workflow. */
export async function action(part: string): Promise<void> {
  const { main } = await import('./action/main.ts');
  await main(part);
}

/** The process that a migration's code runs in. */
export async function child(): Promise<void> {
  await import('./migration/child/main.ts');
}
