import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ReleaseError } from '../../observe/error.ts';
import type { Driver } from '../gate/raw.ts';

/** The oldest driver whose methods answer with promises and whose answers carry counts. */
const oldestMajor = 4;

/** Of the bundled driver; a test holds it to package.json. */
export const bundledVersion = '7.8.0';

/**
 * The driver that a migration works with: Mongoose's own where Mongoose is in use, since it knows no other's objects;
 * else the project's; else the one that belongs to this program.
 *
 * Throws `DRIVER_UNSUPPORTED`.
 */
export async function loadDriver(migrationPath: string, mongoosePath: string | undefined): Promise<Driver> {
  const path = resolveFrom(mongoosePath ?? migrationPath) ?? nestedInMongoose(migrationPath);
  if (path === undefined) return driverOf(await import('mongodb'), bundledVersion);
  const version = await versionOf(path);
  const loaded = (await import(/* webpackIgnore: true */ pathToFileURL(path).href)) as { default?: unknown };
  return driverOf((loaded.default ?? loaded) as Driver['classes'], version);
}

/** Path of the main file of the driver that a file of the project would get; undefined where there is none. */
export function resolveFrom(path: string): string | undefined {
  try {
    return createRequire(path).resolve('mongodb');
  } catch {
    return undefined;
  }
}

function nestedInMongoose(path: string): string | undefined {
  try {
    return resolveFrom(createRequire(path).resolve('mongoose'));
  } catch {
    return undefined;
  }
}

function driverOf(classes: Driver['classes'], version: string): Driver {
  const major = Number.parseInt(version, 10);
  if (!(major >= oldestMajor)) {
    throw new ReleaseError('DRIVER_UNSUPPORTED', `The project's mongodb package is version ${version}.`, {
      hint: `Update it to version ${oldestMajor} or newer: npm install mongodb@latest`,
    });
  }
  return { version, major, classes };
}

/** From the package.json above a file. */
async function versionOf(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
      if (manifest.name === 'mongodb') return String(manifest.version);
    } catch {
      // No package.json here: look one folder up.
    }
    if (dirname(folder) === folder) return '0.0.0';
  }
}
