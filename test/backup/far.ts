import { once } from 'node:events';
import net from 'node:net';
import { type Connection, connect } from '../../src/mongo/connect.ts';
import { Secrets } from '../../src/observe/secrets.ts';

/** Milliseconds, each way. */
const delay = 20;

/** Another connection to the same database, over a line on which all takes its time. */
export async function farFrom({ client, db }: Connection): Promise<{ connection: Connection } & AsyncDisposable> {
  const { host = '', port = 0 } = client.options.hosts[0] ?? {};
  const line = net.createServer((here) => {
    const there = net.connect(port, host);
    const ends = [here, there] as const;
    for (const [from, to] of [ends, [there, here] as const]) {
      from.on('data', (bytes) => setTimeout(() => to.write(bytes), delay));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const { port: at } = line.address() as net.AddressInfo;
  const uri = new URL(`mongodb://127.0.0.1:${at}/${db.databaseName}?directConnection=true`);
  const { username, password, source } = client.options.credentials ?? {};
  if (username !== undefined) {
    Object.assign(uri, { username, password });
    uri.searchParams.set('authSource', source ?? 'admin');
  }
  const connection = await connect(uri.toString(), { secrets: new Secrets() });
  return {
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      line.close();
    },
  };
}
