import { expect, test } from 'vitest';
import type * as publishedTypes from '../../migration.d.ts';
import * as published from '../../migration.js';
import packageJson from '../../package.json' with { type: 'json' };
import { bundledVersion } from '../../src/migration/child/driver.ts';
import { recognise } from '../../src/migration/child/recognise.ts';
import { defineMigration, type MigrationDefinition } from '../../src/migration/define.ts';

/** Compiles only when each of the two takes what the other gives. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const sameTypes: Same<MigrationDefinition<object>, publishedTypes.MigrationDefinition<object>> = true;

test('what users import marks migrations as the sources do, and has the same types', () => {
  const make = () => ({ description: 'a', up: () => {} });
  for (const define of [defineMigration, published.defineMigration]) {
    const migration = make();
    expect(define(migration)).toBe(migration);
    expect(Object.keys(migration)).toEqual(Object.keys(make()));
    expect(recognise({ default: migration }, 'a.ts').facts.form).toBe('context');
  }
  expect(recognise({ default: make() }, 'a.ts').facts.form).toBe('migrate-mongo');
  expect(sameTypes).toBe(true);
});

test('the version of the bundled driver is the one that is installed', () => {
  expect(bundledVersion).toBe(packageJson.dependencies.mongodb);
});
