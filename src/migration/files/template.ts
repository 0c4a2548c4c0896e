/** The text of a new migration in the context form; ready to run as it is, and then does nothing. */
export function migrationTemplate(words: string, form: 'typescript' | 'module' | 'commonjs'): string {
  const importLine =
    form === 'commonjs'
      ? `const { defineMigration } = require('mongo-release-action');\n\nmodule.exports = `
      : `import { defineMigration } from 'mongo-release-action';\n\nexport default `;
  // In TypeScript the types come with the import; a checker of plain JavaScript has to be asked to look at them.
  const check = form === 'typescript' ? '' : '// @ts-check\n';
  return `${check}${importLine}defineMigration({
  description: ${quoted(words)},

  // When it runs: 'before-deploy' for what the old code survives, 'after-deploy' for what only the new code does.
  //   expand    add fields, collections, indexes; nothing that the old code reads goes away   before-deploy
  //   migrate   fill the new shape from the old one                                           before-deploy
  //   contract  remove the old shape, in a later release, when nothing reads it any more      after-deploy
  phase: 'before-deploy',

  // A run that was cut off is taken up where it stopped. Write it so that it may run twice all the same, for servers and
  // tools without a journal: touch only what is still untouched. For what each document needs of its own there is batch.
  //   await db.collection('users').updateMany({ status: { $exists: false } }, { $set: { status: 'active' } });
  //   await batch({ collection: 'users', filter: { slug: { $exists: false } }, each: (user) => ({ $set: { slug: … } }) });
  async up({ db, batch, log }) {},

  // Takes back what \`up\` did, and only that. Where there is no way back, remove \`down\` and say why:
  //   irreversible: 'the removed texts exist in the backup only',
  async down({ db, log }) {},
});
`;
}

/** As the rest of the file is quoted. */
function quoted(words: string): string {
  return `'${JSON.stringify(words).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
