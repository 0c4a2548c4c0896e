import type { DuplicateKey, MixedTypes, Offending, Unconvertible, Violations } from '../release/rehearsal/result.ts';
import { plural } from './format.ts';

/** Which documents a migration failed on, a sentence each, and how those are found that only a hash stands for. */
export function describeAll(offending: readonly Offending[]): string[] {
  const told = offending.map(describeOffending);
  return told.some((one) => one.includes('with the hash ')) ? [...told, aboutHashes] : told;
}

const aboutHashes =
  'A hash is the first 12 digits of SHA-256 over an _id as BSON: docs/sandbox.md has the lines that find its document.';

/** Which documents a migration failed on, a sentence. */
export function describeOffending(offending: Offending): string {
  switch (offending.kind) {
    case 'duplicate-key':
      return describeDuplicates(offending);
    case 'last-read':
      return `It had read the document ${offending.id} of ${offending.collection} last.`;
    case 'mixed-types':
      return describeTypes(offending);
    case 'unconvertible':
      return describeUnconvertible(offending);
  }
}

function describeDuplicates({ collection, fields, found, groups, lacking = [], more }: DuplicateKey): string {
  const key = fields.join(', ');
  const documents = groups.map((ids) => ids.join(' and ')).join('; ');
  const without = lacking.join(' and ');
  if (groups.length + lacking.length === 0) return `The key that is taken already is one of ${key} in ${collection}.`;
  if (found === 'written')
    return lacking.length > 0
      ? `The document ${without} of ${collection} has no ${key} either, and the index takes no second one.`
      : `The document ${documents} of ${collection} has that ${key} already.`;
  const have = found === 'made' ? 'would get' : 'have';
  const same = groups.length === 0 ? [] : [`${have} the same ${key}: ${documents}`];
  const none = lacking.length === 0 ? [] : [`${have} no ${key}, of which the index takes one: ${without}`];
  return `In ${collection} these documents ${[...same, ...none].join('; these ')}${more ? '; and more' : ''}.`;
}

function describeTypes({ collection, field, usual, others }: MixedTypes): string {
  const odd = others.map(
    ({ type, documents, ids }) => `${type} in ${plural(documents, 'document')} (such as ${ids.join(', ')})`,
  );
  return `In ${collection} the field ${field} is ${usual} in most documents, and ${odd.join(', ')}.`;
}

function describeUnconvertible({ collection, field, to, documents, ids }: Unconvertible): string {
  const others = documents > ids.length ? ', …' : '';
  const has = documents === 1 ? 'has' : 'have';
  return `In ${collection} ${plural(documents, 'document')} ${has} a text in ${field} that cannot be converted to ${to}: ${ids.join(', ')}${others}.`;
}

/** Which documents do not fulfil a validator, a sentence. */
export function describeViolations({ collection, documents, more, ids }: Violations): string {
  if (documents === null) return `Whether the documents of ${collection} fulfil its validator could not be looked at.`;
  const count = more ? `More than ${plural(documents, 'document')}` : plural(documents, 'document');
  const others = documents > ids.length ? ', …' : '';
  return `${count} of ${collection} ${documents === 1 ? 'does' : 'do'} not fulfil its validator: ${ids.join(', ')}${others}.`;
}
