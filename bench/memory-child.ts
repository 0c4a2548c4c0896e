/**
 * A process whose memory is measured: takes a backup of a database, or restores one. Arguments: `backup` or `restore`,
 * connection string, folder of the store, and the backup's id. Prints one line of JSON.
 */
import { takeBackup } from '../src/backup/dump.ts';
import { restoreBackup } from '../src/backup/restore.ts';
import { openStore } from '../src/backup/stores/open-store.ts';
import { connect } from '../src/mongo/connect.ts';
import { ownNames } from '../src/mongo/own.ts';
import { Log } from '../src/observe/log.ts';
import { Secrets } from '../src/observe/secrets.ts';

const [what, uri = '', folder = '', id = ''] = process.argv.slice(2);
const secrets = new Secrets();
const log = new Log(() => {}, secrets);
const store = openStore(folder, { baseDir: '/' });
await using connection = await connect(uri, { secrets });
const about = { store, own: ownNames(), log };
if (what === 'restore') await restoreBackup(connection, store, id, about);
else
  await takeBackup(connection, {
    ...about,
    target: { name: 'bench', environment: 'local' },
    position: { digest: '', applied: [] },
    toolVersion: 'bench',
  });
// Kilobytes, by getrusage(2).
console.log(JSON.stringify({ peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1000) }));
