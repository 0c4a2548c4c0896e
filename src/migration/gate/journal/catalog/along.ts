/** Where the options of these methods stand among the arguments; those of a command are its fields. */
const optionsAt: Readonly<Record<string, number>> = {
  drop: 0,
  dropCollection: 1,
  dropIndex: 1,
  rename: 1,
  renameCollection: 2,
};

/** What user code asked for beside the change itself. */
export function alongOf(method: string, args: readonly unknown[]): { readonly options: unknown } {
  return { options: args[optionsAt[method] ?? 0] };
}
