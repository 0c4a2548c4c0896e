/** A process to be killed: restores a backup. Arguments: connection string, folder of the store, id of the backup. */
import { restoreBackup } from '../../src/backup/restore.ts';
import { FolderStore } from '../../src/backup/stores/folder.ts';
import { connect } from '../../src/mongo/connect.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';

const [uri = '', folder = '', id = ''] = process.argv.slice(2);
const secrets = new Secrets();
await using connection = await connect(uri, { secrets });
await restoreBackup(connection, new FolderStore(folder), id, { own: ownNames(), log: new Log(() => {}, secrets) });
