/**
 * Writes action.yml with its parts named another way, for runners that do not know `$/` (Enterprise Server, act):
 *
 *   node scripts/render-action.ts ./                                    parts of the caller's checkout
 *   node scripts/render-action.ts org/mongo-release-action@COMMIT-SHA   parts of that repository at that commit
 *
 * The same goes for a workflow: node scripts/render-action.ts FORM FILE. The result goes to standard output.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const part = /(\buses:\s*)\$\/([\w./-]+)/g;

/** `form` is `./` or `OWNER/REPOSITORY@REF`. Throws when it is neither. */
export function renderUses(text: string, form: string): string {
  if (form === './') return text.replace(part, '$1./$2');
  const remote = /^([\w.-]+\/[\w.-]+)@([\w./-]+)$/.exec(form);
  if (!remote) throw new Error(`Write ./ or OWNER/REPOSITORY@REF, not ${form}.`);
  return text.replace(part, (_, uses: string, path: string) => `${uses}${remote[1]}/${path}@${remote[2]}`);
}

if (import.meta.main) {
  const [form = './', file = join(dirname(import.meta.dirname), 'action.yml')] = process.argv.slice(2);
  process.stdout.write(renderUses(await readFile(file, 'utf8'), form));
}
