import { createHash } from 'node:crypto';
import type { HistoryRecord, MigrationFacts, MigrationFile } from '../../src/migration/types.ts';

// Records, files and facts for what is pure: as the database, the folder and the child process would give them.

export const sum = (content: string) => createHash('sha256').update(content).digest('hex');

export const file = (name: string, content = name): MigrationFile => ({
  name,
  fileName: `${name}.ts`,
  path: `/project/migrations/${name}.ts`,
  checksum: sum(content),
});

export const record = (name: string, sequence: number, over: Partial<HistoryRecord> = {}): HistoryRecord => ({
  _id: name,
  state: 'applied',
  direction: 'up',
  checksum: sum(name),
  fileName: `${name}.ts`,
  phase: 'before-deploy',
  startedAt: new Date(0),
  ...(over.state === undefined || over.state === 'applied' ? { appliedAt: new Date(0), appliedIn: 'r-1' } : {}),
  sequence,
  releaseId: 'r-1',
  toolVersion: '0.1.0',
  fence: 1,
  ...over,
});

const usual: MigrationFacts = { form: 'context', phase: 'before-deploy', hasDown: true, transaction: false };

/** The usual facts for these files, but for the named ones. */
export const factsOf = (files: readonly MigrationFile[], over: Record<string, Partial<MigrationFacts>> = {}) =>
  new Map(files.map(({ name }) => [name, { ...usual, ...over[name] }]));
