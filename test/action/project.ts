import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Project extends AsyncDisposable {
  readonly folder: string;
}

/** A project of its own in a temporary folder: names of files with their content. */
export async function makeProject(files: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-project-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** Gives every city a slug, and takes it away. */
export const addSlug = `
export const up = async (db) => {
  await db.collection('cities').updateMany({ slug: { $exists: false } }, [{ $set: { slug: { $toLower: '$name' } } }]);
};
export const down = async (db) => {
  await db.collection('cities').updateMany({}, { $unset: { slug: '' } });
};
`;

/** Marks every city broken: what the probe of `watched` sees. */
export const breakCities = `
export const up = async (db) => {
  await db.collection('cities').updateMany({}, { $set: { broken: true } });
};
export const down = async (db) => {
  await db.collection('cities').updateMany({}, { $unset: { broken: '' } });
};
`;

export const watched = `
probes:
  - { name: no city is broken, mongo: { collection: cities, filter: { broken: true }, count: 0 }, retries: 0 }
`;

export const cities = [{ name: 'Bern' }, { name: 'Basel' }, { name: 'Marker-of-Data' }];
