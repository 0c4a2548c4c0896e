import type { Guard, GuardContext, GuardResult } from '../../src/guard/guard.ts';
import { runGuards } from '../../src/guard/run.ts';
import { type Connection, connect } from '../../src/mongo/connect.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { Secrets } from '../../src/observe/secrets.ts';

export function open(uri: string, database = 'shop'): Promise<Connection> {
  return connect(uri, { database, secrets: new Secrets() });
}

/** A context in which nothing is configured; a dry run of a release to staging unless the test says otherwise. */
export function context(connection: Connection, more: Partial<GuardContext> = {}): GuardContext {
  return {
    connection,
    own: ownNames(),
    environment: 'staging',
    command: 'release',
    apply: false,
    settings: {},
    hosted: false,
    ...more,
  };
}

export async function look(guard: Guard, given: GuardContext): Promise<GuardResult> {
  const [result] = await runGuards(given, [guard]);
  if (result === undefined) throw new Error(`${guard.id} does not apply`);
  return result;
}
