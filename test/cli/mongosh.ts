import { readFile } from 'node:fs/promises';
import type { Db } from 'mongodb';

/** The lines that the page on the way back has for mongosh under this heading, in their order. */
export async function linesForMongosh(heading: string): Promise<string[]> {
  const page = await readFile(new URL('../../docs/rollback.md', import.meta.url), 'utf8');
  const [, block = ''] = new RegExp(`\\n##+ ${heading}\\n[\\s\\S]*?\`\`\`js\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  return block.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
}

/** Runs lines of mongosh, and comes back with what each of them finds. */
export async function mongosh(db: Db, lines: readonly string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  const shell = { getCollection: (name: string) => shellCollection(db, name) };
  const calls = lines.map((line) => (line.startsWith('const ') ? line : `found.push(await (${line}));`));
  await new Function('db', 'found', `return (async () => { ${calls.join('\n')} })()`)(shell, found);
  return found;
}

function shellCollection(db: Db, name: string) {
  const collection = db.collection(name);
  return {
    find: (filter: object, projection?: object) => collection.find(filter, { projection }).toArray(),
    findOne: (filter: object) => collection.findOne(filter),
    aggregate: (pipeline: object[]) => collection.aggregate(pipeline).toArray(),
    deleteMany: (filter: object) => collection.deleteMany(filter),
    deleteOne: (filter: object) => collection.deleteOne(filter),
    drop: () => collection.drop(),
  };
}
