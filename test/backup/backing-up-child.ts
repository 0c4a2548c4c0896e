/** A process to be killed: takes backups, one after the other. Arguments: connection string, folder of the store. */
import { takeBackup } from '../../src/backup/dump.ts';
import { FolderStore } from '../../src/backup/stores/folder.ts';
import { connect } from '../../src/mongo/connect.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';

const [uri = '', folder = ''] = process.argv.slice(2);
const secrets = new Secrets();
await using connection = await connect(uri, { secrets });
for (;;) {
  process.stdout.write('begins\n');
  await takeBackup(connection, {
    store: new FolderStore(folder),
    own: ownNames(),
    target: { name: 'test', environment: 'local' },
    position: { digest: 'p', applied: [] },
    toolVersion: '0.1.0',
    log: new Log(() => {}, secrets),
  });
}
