import { expect, test } from 'vitest';
import { selectNamespaces } from '../../../src/backup/restore/plan.ts';
import { sampleManifest } from '../sample-manifest.ts';

test('a collection that the backup does not hold is told with what was meant', () => {
  const { namespaces } = sampleManifest();
  const [places] = namespaces;
  const manifest = sampleManifest({
    namespaces: [
      { ...places!, name: 'users' },
      { ...places!, name: 'cities' },
    ],
  });
  for (const [only, seen] of [
    ['Users', { message: expect.stringContaining('Did you mean users?'), hint: 'Name one of: users, cities.' }],
    ['users,cities', { hint: 'Give --only once for each: --only users --only cities' }],
    ['users,city', { hint: 'Name one of: users, cities.' }],
  ] as const)
    expect(() => selectNamespaces(manifest, [only])).toThrow(
      expect.objectContaining({ code: 'BACKUP_NAMESPACE_UNKNOWN', ...seen }),
    );
});
