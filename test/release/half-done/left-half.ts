import type { Db } from 'mongodb';
import type { Project } from '../../cli/cli.ts';

/** What holds a migration up for as long as `killHalfWay` wants it to. */
export const standsStill =
  "while (await db.collection('wait').findOne()) await new Promise((go) => setTimeout(go, 20));";

/** Starts `command` and kills it once its migration stands still, which `isHalf` tells; its lease is not waited for. */
export async function killHalfWay(project: Project, db: Db, command: string, isHalf: () => Promise<boolean>) {
  await db.collection('wait').insertOne({});
  const { process, ended } = project.start(command);
  while (!(await isHalf())) await new Promise((go) => setTimeout(go, 20));
  process.kill('SIGKILL');
  await ended;
  await giveUpLease(db);
  await db.collection('wait').drop();
}

/** As if its owner had been silent for longer than it lasts. */
export async function giveUpLease(db: Db) {
  await db
    .collection<{ _id: string }>('_mongo_release.lease')
    .updateOne({ _id: 'lease' }, { $set: { expiresAt: new Date(0) } });
}
