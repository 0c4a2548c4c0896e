/** Marks a migration of the context form; see migration.d.ts. The runner knows the mark by its registered symbol. */
export function defineMigration(migration) {
  return Object.defineProperty(migration, Symbol.for('mongo-release.migration'), { value: 1 });
}
