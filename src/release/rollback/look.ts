import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Run } from '../run.ts';
import { type Earlier, earlierRollback, stepsBefore } from './earlier.ts';
import { stoppedAt, trafficInWords } from './traffic.ts';
import { type AskedStrategy, type Found, findWayBack, nothingRead } from './way-back.ts';

/** What is to be done to take a release back, as things stand. */
export interface Situation extends Found {
  readonly earlier: Earlier;
}

/**
 * What is to be done. Where the data are back already, only what comes after them; what has begun goes on the way that it
 * is on, unless another one is named.
 */
export async function look(run: Run, connection: Connection, release: ReleaseRecord): Promise<Situation> {
  const { strategy: named } = run.invocation.flags;
  const earlier = await earlierRollback(run, connection, release._id);
  const find = async (asked: AskedStrategy) => {
    const found = await findWayBack(run, connection, release, asked).catch(async (thrown: unknown) => {
      throw await withTraffic(run, connection, asReleaseError(thrown));
    });
    return { earlier, ...found };
  };
  if (earlier.state !== 'unfinished') return find(named ?? 'auto');
  const { strategy: begun = 'none' } = earlier.record;
  if (earlier.dataBack) {
    if (named !== undefined && named !== 'auto' && named !== begun) throw backOtherwise(release, earlier, named);
    return { earlier, way: { strategy: 'none', why: 'An earlier run has taken the data back.' }, wayDown: nothingRead };
  }
  return find(named ?? (begun === 'none' ? 'auto' : begun));
}

/** Whatever keeps a rollback from going on: users may be shut out since it stopped. */
async function withTraffic(run: Run, { db }: Connection, cause: ReleaseError): Promise<ReleaseError> {
  const { traffic } = (await new RollbackRecords(db, run).trafficStopped()) ?? {};
  if (traffic === undefined) return cause;
  const { code, message, hint, details } = cause;
  return new ReleaseError(code, `${message} ${trafficInWords(traffic)}`, { hint, details, cause });
}

/** Neither of the release nor of a rollback of it. */
export function nothingLeft({ way, earlier }: Situation): boolean {
  return way.strategy === 'none' && earlier.state !== 'unfinished';
}

function backOtherwise(
  release: ReleaseRecord,
  earlier: Extract<Earlier, { state: 'unfinished' }>,
  named: string,
): ReleaseError {
  const { _id, backupId } = release;
  const { strategy } = earlier.record;
  const restoring =
    named === 'restore' && backupId !== undefined ? `; mongo-release restore ${backupId} brings the backup back` : '';
  return new ReleaseError('NO_WAY_BACK', `The data of release ${_id} are back already, by ${strategy}.`, {
    hint: `Type mongo-release rollback ${_id} without --strategy: it goes on with ${stoppedAt(stepsBefore(earlier))}${restoring}.`,
  });
}
