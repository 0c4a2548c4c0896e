import { byCodeUnit, digestOf } from '../canonical.ts';
import type { HistoryRecord, Position } from '../types.ts';

/** States in which nobody knows how much of a migration is in the data. */
export function isUnsettled(record: HistoryRecord): boolean {
  return record.state === 'running' || record.state === 'failed' || record.state === 'interrupted';
}

/**
 * What a history amounts to. `applied` stands in the order of application; the digest does not depend on the order.
 *
 * The digest is SHA-256 over the canonical JSON of the applied migrations, name and checksum, and of the unsettled
 * ones (`running`, `failed`, `interrupted`) with state and direction: data in which a migration was left half-way are
 * other data, so a proof or backup from before does not fit them. `running` counts as interrupted: the next run finds
 * out which of the two it is, and its plan must not move by that. `rolled-back` counts as never applied.
 */
export function position(records: readonly HistoryRecord[]): Position {
  const inOrder = [...records].sort((a, b) => a.sequence - b.sequence || byCodeUnit(a._id, b._id));
  const applied = inOrder.filter((record) => record.state === 'applied');
  const byName = [...records].sort((a, b) => byCodeUnit(a._id, b._id));
  const digest = digestOf({
    applied: byName.filter((record) => record.state === 'applied').map((record) => [record._id, record.checksum]),
    unsettled: byName
      .filter(isUnsettled)
      .map(({ _id, checksum, state, direction }) => [
        _id,
        checksum,
        state === 'running' ? 'interrupted' : state,
        direction,
      ]),
  });
  return { digest, applied: applied.map((record) => ({ name: record._id, checksum: record.checksum })) };
}
