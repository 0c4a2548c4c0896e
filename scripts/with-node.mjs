// Runs a script of this project with the Node version that the project pins, after installing what is missing:
//   node scripts/with-node.mjs SCRIPT [ARGUMENT ...]
// Plain JavaScript for whatever Node (20 or newer) the machine has.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

function run(command, args) {
  const ended = spawnSync(command, args, { stdio: 'inherit', cwd: root, shell: process.platform === 'win32' });
  if (ended.error) console.error(`${command} cannot be run: ${ended.error.message}`);
  return ended.status ?? 1;
}

/** npm writes a copy of the lock file when it has installed; an older or missing copy means that something changed. */
function installed() {
  const copy = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(copy) || !existsSync(node)) return false;
  const lock = join(root, 'package-lock.json');
  if (statSync(copy).mtimeMs >= statSync(lock).mtimeMs) return true;
  const packages = (file) => Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages).filter(([path]) => path);
  const have = new Map(packages(copy).map(([path, entry]) => [path, entry.version]));
  return packages(lock).every(([path, entry]) => entry.optional || have.get(path) === entry.version);
}

if (!installed()) {
  console.error('Installing dependencies (npm ci) …');
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) process.exit(status);
}
const [script, ...args] = process.argv.slice(2);
process.exit(run(node, [script, ...args]));
