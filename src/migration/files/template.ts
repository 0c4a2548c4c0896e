/** The text of a new migration in the context form; ready to run as it is, and then does nothing. */
export function migrationTemplate(words: string, form: 'typescript' | 'module' | 'commonjs'): string {
  const importLine =
    form === 'commonjs'
      ? `const { defineMigration } = require('mongo-release-action');\n\nmodule.exports = `
      : `import { defineMigration } from 'mongo-release-action';\n\nexport default `;
  // In TypeScript the types come with the import; a checker of plain JavaScript has to be asked to look at them.
  const check = form === 'typescript' ? '' : '// @ts-check\n';
  return `${check}${importLine}defineMigration({
  description: ${JSON.stringify(words)},

  // When it runs: 'before-deploy' for what the old code survives, 'after-deploy' for what only the new code does.
  //   expand    add fields, collections, indexes; nothing that the old code reads goes away   before-deploy
  //   migrate   fill the new shape from the old one                                           before-deploy
  //   contract  remove the old shape, in a later release, when nothing reads it any more      after-deploy
  phase: 'before-deploy',

  // Safe to run twice: where there is no journal a run that was cut off begins again. So touch only what is still untouched:
  //   const result = await db.collection('users').updateMany(
  //     { status: { $exists: false } },
  //     { $set: { status: 'active' } },
  //   );
  //   log('status filled in', { modified: result.modifiedCount });
  async up({ db, log }) {},

  // Takes back what \`up\` did, and only that. Where there is no way back, remove \`down\` and say why:
  //   irreversible: 'the removed texts exist in the backup only',
  async down({ db, log }) {},
});
`;
}
