import { BSON, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import { type CollectionMetadata, encodeMetadata, parseMetadata } from '../../src/backup/archive/metadata.ts';
import { compatibilityOf, refuseIncompatible } from '../../src/backup/restore/compatibility.ts';

const server = (version: string, kind: 'replica-set' | 'sharded' = 'replica-set') => ({ version, kind });
const target = (serverVersion: string, more: { featureCompatibility?: string; kind?: 'sharded' } = {}) => ({
  serverVersion,
  kind: 'replica-set' as const,
  ...more,
});

/** As it stands in an archive. */
function collection(options: Document = {}, indexes: Document[] = [], type: CollectionMetadata['type'] = 'collection') {
  const rawIndexes = [{ v: 2, key: { _id: 1 }, name: '_id_' }, ...indexes].map((index) => BSON.serialize(index));
  const info = { name: 'places', type, options, indexes, rawOptions: BSON.serialize(options), rawIndexes };
  return parseMetadata(encodeMetadata(info), type);
}

test.each([
  ['4.0.28', collection({}, [{ key: { '$**': 1 }, name: 'a' }]), /a wildcard index/],
  ['6.0.5', collection({}, [{ key: { a: 1, 'b.$**': 1 }, name: 'a' }]), /a compound wildcard index/],
  ['4.2.1', collection({}, [{ key: { a: 1 }, name: 'a', hidden: true }]), /a hidden index/],
  ['5.0.1', collection({}, [{ key: { a: 'geoHaystack', b: 1 }, name: 'a' }]), /a geoHaystack index/],
  ['4.4.1', collection({ timeseries: { timeField: 't' } }, [], 'timeseries'), /a time series/],
  ['5.0.1', collection({ clusteredIndex: { v: 2 } }), /a clustered index/],
  ['6.0.1', collection({ recordPreImages: true }), /recordPreImages/],
  ['5.0.1', collection({ changeStreamPreAndPostImages: { enabled: true } }), /changeStreamPreAndPostImages/],
])('MongoDB %s does not take what it does not know', (version, metadata, what) => {
  const seen = compatibilityOf(server(version), target(version), [metadata]);
  expect(seen.refused).toEqual([expect.stringMatching(what)]);
  expect(() => refuseIncompatible('b1', seen)).toThrow(what);
});

test('a server that runs as an older one takes what the older one takes', () => {
  const metadata = collection({ changeStreamPreAndPostImages: { enabled: true } });
  expect(compatibilityOf(server('6.0.5'), target('6.0.5'), [metadata]).refused).toEqual([]);
  const older = target('6.0.5', { featureCompatibility: '5.0' });
  expect(compatibilityOf(server('6.0.5'), older, [metadata])).toMatchObject({
    refused: [expect.stringContaining('MongoDB 5.0')],
    warnings: [expect.stringMatching(/of MongoDB 6.0.5.*runs as 5.0, which is older/)],
  });
});

test('what only differs is a warning', () => {
  const plain = [collection({ validator: { n: 1 } }, [{ key: { n: 1 }, name: 'n_1', unique: true }])];
  expect(compatibilityOf(server('6.0.5'), target('6.0.19'), plain)).toEqual({ refused: [], warnings: [] });
  expect(compatibilityOf(server('6.0.5'), target('8.0.1'), plain).warnings).toEqual([expect.stringMatching(/newer/)]);
  expect(compatibilityOf(server('7.0.5'), target('6.0.1'), plain).warnings).toEqual([expect.stringMatching(/older/)]);
  expect(compatibilityOf(server('6.0.5', 'sharded'), target('6.0.5'), plain).warnings).toEqual([
    expect.stringMatching(/come back unsharded/),
  ]);
  expect(compatibilityOf(server('6.0.5'), target('6.0.5', { kind: 'sharded' }), plain).warnings).toEqual([
    expect.stringMatching(/shard keys are not set/),
  ]);
});
