import { randomBytes } from 'node:crypto';
import { didYouMean } from '../../config/nearest.ts';
import type { CollectionInfo } from '../../mongo/catalog.ts';
import { expiriesOf } from '../../mongo/expiry.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { ReleaseError } from '../../observe/error.ts';
import { encodeMetadata } from '../archive/metadata.ts';
import type { ArchiveContents, ManifestNamespace } from '../manifest.ts';
import type { Built, Place } from './build.ts';
import { asidePrefix, type Old, type SwapStep } from './record.ts';

/** The namespaces that `only` names, or all of them. Throws `BACKUP_NAMESPACE_UNKNOWN`. */
export function selectNamespaces(manifest: Named, only: readonly string[] | undefined): ManifestNamespace[] {
  if (only === undefined) return [...manifest.namespaces];
  const byName = new Map(manifest.namespaces.map((entry) => [entry.name, entry]));
  const prefix = `${manifest.target.database}.`;
  const find = (text: string) =>
    byName.get(text) ?? (text.startsWith(prefix) ? byName.get(text.slice(prefix.length)) : undefined);
  const selected = new Map<string, ManifestNamespace>();
  for (const text of only) {
    const entry = find(text);
    if (entry === undefined) throw notInBackup(manifest, text, text.split(',').every(find));
    selected.set(entry.name, entry);
  }
  return [...selected.values()];
}

type Named = Pick<ArchiveContents, 'id' | 'target' | 'namespaces'>;

function notInBackup({ id, namespaces }: Named, text: string, isList: boolean): ReleaseError {
  const names = namespaces.map(({ name }) => name);
  const message = `The backup holds no collection ${JSON.stringify(text)}.${didYouMean(text, names)}`;
  return new ReleaseError('BACKUP_NAMESPACE_UNKNOWN', message, {
    hint: isList
      ? `Give --only once for each: ${text
          .split(',')
          .map((name) => `--only ${name}`)
          .join(' ')}`
      : `Name one of: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.`,
    details: { backup: id },
  });
}

/**
 * Where each namespace is built: always aside, also in an empty database, since what is removed when that fails must be
 * nobody's but this restore's. Time series and `system.js` cannot be renamed: their documents wait in a plain collection,
 * so that the swap needs nothing but the database itself.
 */
export function placesFor(entries: readonly ManifestNamespace[], own: OwnNames): Place[] {
  // Never a name that an earlier restore used: whoever still writes there must not meet this one.
  const run = randomBytes(4).toString('hex');
  return entries.map((entry, index) => {
    const aside = `${asidePrefix(own)}${run}.${index}`;
    if (entry.type === 'view') return { entry, as: aside, form: 'view' };
    const renamed = entry.type === 'collection' && entry.name !== 'system.js';
    return { entry, as: aside, form: renamed ? 'whole' : 'documents' };
  });
}

/**
 * The swap of what was built: collections first, views last, since they show the others. Old views go before any new
 * one is made: the server wants one collation in all views that build on each other.
 */
export function swapSteps(
  built: readonly Built[],
  current: readonly CollectionInfo[],
  removed: readonly CollectionInfo[],
): SwapStep[] {
  const present = new Map(current.map((info) => [info.name, oldOf(info)]));
  const steps = built.flatMap(({ place, text: metadata, info }): SwapStep[] => {
    const { name, type } = place.entry;
    const old = present.get(name);
    if (place.form === 'view') {
      const view: SwapStep = { kind: 'view', name, metadata, old };
      return old?.type === 'view' ? [{ kind: 'remove', name, old }, view] : [view];
    }
    if (place.form === 'documents') return [{ kind: 'refill', name, aside: place.as, type, metadata, old }];
    return [{ kind: 'replace', name, aside: place.as, uuid: info?.uuid ?? '', old }];
  });
  const order: readonly SwapStep['kind'][] = ['replace', 'refill', 'remove', 'view'];
  for (const info of removed) steps.push({ kind: 'remove', name: info.name, old: oldOf(info) });
  return steps.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Names of restored collections that this server describes otherwise than the backup does: another version may. */
export function describedOtherwise(built: readonly Built[], restored: readonly CollectionInfo[]): string[] {
  const infos = new Map(restored.map((info) => [info.name, info]));
  return built
    .filter(({ place: { entry }, text }) => {
      const info = infos.get(entry.name);
      if (info === undefined) return true;
      const at = new Map(info.indexes.map((index, place) => [String(index.name), info.rawIndexes[place]]));
      // In the backup's order: indexes that expire documents are built last.
      const rawIndexes = entry.indexes.flatMap((name) => at.get(name) ?? []);
      const sameNumber = info.indexes.length === entry.indexes.length;
      return !sameNumber || encodeMetadata({ ...info, rawIndexes, uuid: entry.uuid }) !== text;
    })
    .map(({ place }) => place.entry.name);
}

/** Only collections are told apart by UUID: a view has none, a time series keeps it in its buckets. */
function oldOf({ type, uuid, rawOptions, rawIndexes }: CollectionInfo): Old {
  if (type !== 'collection') return { type };
  const expiry = expiriesOf(rawOptions, rawIndexes);
  return { type, uuid, ...(expiry.length > 0 && { expiry }) };
}
