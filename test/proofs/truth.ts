import type { Db } from 'mongodb';
import type { Ended, Folder } from './release-process.ts';

/**
 * What a run says that is not so, when it stopped with exit code 8: its message, the records and the journal have to tell
 * the same story, and nothing may pass as applied that is not.
 */
export async function falsehoods(db: Db, ended: Ended, folder: Folder): Promise<string[]> {
  const wrong: string[] = [];
  const error = ended.json?.error;
  if (error === undefined) return [`exit 8 without a document: ${ended.stderr}`];
  if (!error.hint) wrong.push('it has no hint');
  const { json: status } = await folder.run('status --json');
  const open = status.migrations.filter(({ state }: { state: string }) => state !== 'applied');
  if (open.length === 0) wrong.push('it says that it stopped, and everything counts as applied');
  const [stopped] = open;
  if (!['failed', 'interrupted'].includes(stopped?.state)) wrong.push(`${stopped?.name} counts as ${stopped?.state}`);
  if (!String(error.message).includes(String(stopped?.name))) wrong.push(`the message does not name ${stopped?.name}`);
  for (const later of open.slice(1)) if (later.state !== 'pending') wrong.push(`${later.name} is ${later.state}`);
  if (status.lease !== null) wrong.push('the lease was not given back');
  // Users count up hits: a document that somebody else is said to have changed has some.
  for (const [, collection = '', id] of String(error.message).matchAll(/\.(\w+): document (\d+) was changed since/g)) {
    const document = await db.collection<{ _id: number; hits?: number }>(collection).findOne({ _id: Number(id) });
    if (!document?.hits) wrong.push(`no user has changed ${collection} ${id}`);
  }
  const entries = await db.collection('_mongo_release.journal').countDocuments({ kind: { $ne: 'images' } });
  if (entries === 0) wrong.push('there is no journal of what was done');
  return wrong;
}
