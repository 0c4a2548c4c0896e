import { Binary } from 'mongodb';
import { connect } from '../mongo/connect.ts';
import type { Log } from '../observe/log.ts';
import { Secrets } from '../observe/secrets.ts';

interface Address {
  readonly uri: string;
  readonly database: string;
  readonly driverOptions?: Readonly<Record<string, unknown>>;
}

/**
 * Ends the sessions of a process that died with transactions open. The server would keep them, and the locks they hold
 * against everybody's writes, for its `transactionLifetimeLimitSeconds`: a minute by default.
 *
 * Never throws: where the server cannot be reached, that minute has to pass, and the log says so.
 */
export async function endSessions(at: Address, ids: readonly Uint8Array[], log: Log): Promise<void> {
  try {
    await using connection = await connect(at.uri, {
      database: at.database,
      secrets: new Secrets(),
      timeoutMs: 5000,
      clientOptions: at.driverOptions,
    });
    const sessions = ids.map((id) => ({ id: new Binary(id, Binary.SUBTYPE_UUID) }));
    await connection.client.db('admin').command({ killSessions: sessions });
  } catch {
    log.warn('The transaction of the ended migration may block writes until the server ends it, for up to a minute.');
  }
}
