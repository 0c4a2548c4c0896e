#!/usr/bin/env node
// Syntax and imports that a Node of years ago reads as well: it has to get as far as the sentence below.
const needed = 24;

if (Number(process.versions.node.split('.')[0]) < needed) {
  const message = `mongo-release needs Node ${needed} or newer; this is Node ${process.versions.node}.`;
  // As a shell takes them, and without what may hold a password.
  const typed = process.argv.slice(1).map((argument) => {
    const word = argument.replace(/[a-z+]+:\/\/[\s\S]*/i, 'URI');
    return /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
  });
  const hint = `Install Node ${needed}, or run it with: npx --yes node@${needed} ${typed.join(' ')}`;
  if (process.argv.indexOf('--json') >= 0) {
    const error = { code: 'RUNTIME_TOO_OLD', message: message, hint: hint };
    process.stdout.write(`${JSON.stringify({ schemaVersion: 1, outcome: 'blocked', error: error })}\n`);
  }
  process.stderr.write(`\n✗ ${message} [RUNTIME_TOO_OLD]\n  → ${hint}\n`);
  process.exitCode = 2;
} else {
  import('node:module')
    .then((module) => {
      module.enableCompileCache();
      return import('../dist/index.js');
    })
    .then((doors) => doors.cli(process.argv.slice(2)));
}
