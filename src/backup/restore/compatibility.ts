import type { Topology } from '../../mongo/topology.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { CollectionMetadata } from '../archive/metadata.ts';
import type { BackedUpServer } from '../manifest.ts';

/** Something that a catalog can hold and not every server knows. Versions are `major.minor`. */
interface Feature {
  /** Completes "… uses …". */
  readonly name: string;
  readonly since?: string;
  /** The first version that does not know it any more. */
  readonly until?: string;
  used(metadata: CollectionMetadata): boolean;
}

const hasOption = (name: string) => (metadata: CollectionMetadata) => metadata.options.has(name);

const hasIndex =
  (is: (index: ReadonlyMap<string, unknown>, keys: ReadonlyMap<string, unknown>) => boolean) =>
  ({ indexes }: CollectionMetadata) =>
    indexes.some((index) => {
      const keys = index.get('key');
      return keys instanceof Map && is(index, keys);
    });

const isWildcard = (key: string) => key === '$**' || key.endsWith('.$**');

/** From the release notes of the server, https://www.mongodb.com/docs/manual/release-notes/ */
const features: readonly Feature[] = [
  { name: 'a wildcard index', since: '4.2', used: hasIndex((_, keys) => [...keys.keys()].some(isWildcard)) },
  {
    name: 'a compound wildcard index',
    since: '7.0',
    used: hasIndex((_, keys) => keys.size > 1 && [...keys.keys()].some(isWildcard)),
  },
  { name: 'a hidden index', since: '4.4', used: hasIndex((index) => index.has('hidden')) },
  {
    name: 'a geoHaystack index',
    until: '5.0',
    used: hasIndex((_, keys) => [...keys.values()].includes('geoHaystack')),
  },
  { name: 'a time series', since: '5.0', used: ({ type }) => type === 'timeseries' },
  { name: 'a clustered index', since: '5.3', used: hasOption('clusteredIndex') },
  { name: 'recordPreImages', until: '6.0', used: hasOption('recordPreImages') },
  { name: 'changeStreamPreAndPostImages', since: '6.0', used: hasOption('changeStreamPreAndPostImages') },
  { name: 'encryptedFields', since: '7.0', used: hasOption('encryptedFields') },
];

export interface Compatibility {
  /** The restore would fail, or lose what makes the collection what it is. */
  readonly refused: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Whether a backup of one server can be restored into another: refused where the target does not know what the catalog
 * uses, a warning where only the versions differ. Pure.
 */
export function compatibilityOf(
  server: BackedUpServer,
  target: Pick<Topology, 'serverVersion' | 'featureCompatibility' | 'kind'>,
  catalog: readonly CollectionMetadata[],
): Compatibility {
  // Of a server that still runs as an older one, that one counts.
  const version = target.featureCompatibility ?? target.serverVersion;
  const refused = catalog.flatMap((metadata) =>
    features
      .filter((feature) => feature.used(metadata) && !knows(version, feature))
      .map((feature) => `${metadata.name} uses ${feature.name}, which MongoDB ${version} does not know`),
  );
  const warnings: string[] = [];
  const from = server.featureCompatibility ?? server.version;
  if (compareVersions(from, version) > 0)
    warnings.push(`The backup is of MongoDB ${from}, and the target runs as ${version}, which is older.`);
  else if (compareVersions(from, version) < 0)
    warnings.push(`The backup is of MongoDB ${from}, and the target runs as ${version}, which is newer.`);
  if (server.kind === 'sharded' && target.kind !== 'sharded')
    warnings.push('The backup is of a sharded cluster: the collections come back unsharded.');
  if (target.kind === 'sharded')
    warnings.push(
      'The target is a sharded cluster: the restored collections are unsharded, and shard keys are not set.',
    );
  return { refused, warnings };
}

/** Throws `BACKUP_INCOMPATIBLE` for what is refused. */
export function refuseIncompatible(id: string, { refused }: Compatibility): void {
  if (refused.length === 0) return;
  const more = refused.length > 3 ? `, and ${refused.length - 3} more of that kind` : '';
  throw new ReleaseError(
    'BACKUP_INCOMPATIBLE',
    `Backup ${id} cannot be restored here: ${refused.slice(0, 3).join('; ')}${more}.`,
    {
      hint: 'Restore into a server of the version that the backup is of, or only the collections that this one can hold (--only).',
      details: { backup: id },
    },
  );
}

function knows(version: string, { since, until }: Feature): boolean {
  if (since !== undefined && compareVersions(version, since) < 0) return false;
  return until === undefined || compareVersions(version, until) < 0;
}

/** By major and minor number: what differs in the third changes no format. */
function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
