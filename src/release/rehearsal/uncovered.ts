import { listed } from '../../migration/files/find.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { isSameMajor } from '../../sandbox/version.ts';
import type { Situation } from '../situation/situation.ts';
import type { Filled, RehearsalOn } from './rehearse.ts';

interface Rehearsal {
  readonly situation: Situation;
  /** Of the migrations that are rehearsed. */
  readonly names: readonly string[];
  readonly on: RehearsalOn;
  readonly filled: Filled;
  readonly sandbox: Sandbox;
}

/** What a rehearsal of these migrations, on one machine with one member, cannot show. */
export function uncoveredBy({ situation, names, on, filled, sandbox }: Rehearsal): string[] {
  const { serverVersion: wanted, kind } = on.topology;
  const outside = situation.plan.findings.filter(
    ({ rule, place }) => rule === 'run-external-call' && names.includes(place.name ?? ''),
  );
  return [
    ...cutSentence(filled),
    ...outside.map(
      ({ place: { name, line } }) =>
        `What ${name} does outside of the database (line ${line}): it did it here as it will on the target, and nobody watched whether it reached the target by that.`,
    ),
    'Durations on the target: it has other hardware, other load and, where it is a replica set, other members to wait for.',
    ...(isSameMajor(wanted, sandbox.serverVersion)
      ? []
      : [`MongoDB ${wanted}: the sandbox runs ${sandbox.serverVersion}.`]),
    ...(kind === 'sharded' ? ['Sharding: the sandbox is one replica set.'] : []),
    ...(kind === 'standalone' ? ['A standalone server: the sandbox is a replica set and has transactions.'] : []),
  ];
}

/** Also of interest where a migration fails: it may have looked for one of these. */
export function cutSentence({ cut = [] }: Filled): string[] {
  if (cut.length === 0) return [];
  return [`Of ${listed(cut)} not all documents are in the sample that others in it mention.`];
}
