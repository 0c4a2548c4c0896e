import type { Db } from 'mongodb';
import type { CommandName } from '../../config/commands.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Finding } from '../../observe/finding.ts';
import type { Guard, GuardContext } from '../guard.ts';

/**
 * Actions by the built-in role that has them, each role on the one database; verified on server 6.0 with
 * `connectionStatus`, and listed at https://www.mongodb.com/docs/manual/reference/built-in-roles/
 */
const reading = ['find', 'listCollections', 'listIndexes'] as const;
const writing = [
  'insert',
  'update',
  'remove',
  'createCollection',
  'dropCollection',
  'createIndex',
  'dropIndex',
  'renameCollectionSameDB',
] as const;
/** `dbAdmin` has them, `readWrite` has not. */
const administering = ['collMod', 'bypassDocumentValidation'] as const;

type Action = (typeof reading)[number] | (typeof writing)[number] | (typeof administering)[number];

interface Needs {
  readonly required: readonly Action[];
  /** Only some releases need them, and no plan says which: what migrations do is known when they do it. */
  readonly wanted: readonly Action[];
  /** An apply of what is only looked at now needs them. */
  readonly later: readonly Action[];
}

interface Privilege {
  readonly resource: { readonly db?: string; readonly collection?: string; readonly anyResource?: boolean };
  readonly actions: readonly string[];
}

interface User {
  readonly user: string;
  readonly db: string;
}

/** Whether the user may do on the whole database what the command needs, so that it does not end half-way for want of it. */
export const privileges: Guard = {
  id: 'privileges',
  about: 'What the user may not do and the command needs. Blocks; what only some migrations need warns.',
  async check(context) {
    const { db } = context.connection;
    const { authInfo } = await db.command({ connectionStatus: 1, showPrivileges: true });
    const user = (authInfo.authenticatedUsers as User[])[0];
    if (user === undefined) return withoutUser(db);
    const allowed = allowedActions(authInfo.authenticatedUserPrivileges as Privilege[], db.databaseName);
    const needs = needsOf(context);
    const lacking = (actions: readonly Action[]) => actions.filter((action) => !allowed.has(action));
    // Who may not write at all is there to look, and another one applies.
    const applies = context.apply || writing.some((action) => allowed.has(action));
    const required = lacking(needs.required);
    const later = applies ? lacking(needs.later) : [];
    const wanted = applies ? lacking(needs.wanted) : [];
    const all = [...required, ...later, ...wanted];
    const changing = 'migrations that change options or validators of collections need';
    return {
      seen: all.length === 0 ? 'all that is needed' : `missing: ${all.join(', ')}`,
      findings: [
        ...finding(required, 'error', user, db.databaseName, `${context.command} needs`),
        ...finding(later, 'warning', user, db.databaseName, 'an apply needs'),
        ...finding(wanted, 'warning', user, db.databaseName, changing),
      ],
    };
  },
};

/** What a command does to a target. `apply` is false for a dry run. */
export function needsOf({ command, apply }: Pick<GuardContext, 'command' | 'apply'>): Needs {
  const changes: readonly CommandName[] = ['migrate', 'up', 'release', 'rollback', 'down'];
  if (command === 'restore')
    return { required: [...reading, ...writing, 'bypassDocumentValidation'], wanted: ['collMod'], later: [] };
  if (apply && changes.includes(command))
    return { required: [...reading, ...writing], wanted: administering, later: [] };
  if (command === 'plan' || changes.includes(command))
    return { required: reading, wanted: administering, later: writing };
  return { required: reading, wanted: [], later: [] };
}

function allowedActions(privileges: readonly Privilege[], database: string): Set<string> {
  const whole = privileges.filter(
    ({ resource }) =>
      resource.anyResource === true || (resource.collection === '' && (resource.db === database || resource.db === '')),
  );
  return new Set(whole.flatMap(({ actions }) => actions));
}

/** No user: a server without access control, or one that has not been told who we are. */
async function withoutUser(db: Db) {
  try {
    await db.listCollections({}, { nameOnly: true }).toArray();
    return { seen: 'the server has no access control', findings: [] };
  } catch (error) {
    if (serverCode(error) !== serverCodes.Unauthorized) throw error;
    const missing: Finding = {
      rule: 'privileges',
      severity: 'error',
      place: { name: 'privileges' },
      message: 'The server asks for a user, and the connection string names none.',
      next: 'Write user and password into the connection string: mongodb://user:password@host/…',
    };
    return { seen: 'no user', findings: [missing] };
  }
}

function finding(
  missing: readonly Action[],
  severity: 'error' | 'warning',
  user: User,
  database: string,
  purpose: string,
): Finding[] {
  if (missing.length === 0) return [];
  const roles = rolesFor(missing);
  const grant = roles.map((role) => `{ role: "${role}", db: ${JSON.stringify(database)} }`).join(', ');
  return [
    {
      rule: 'privileges',
      severity,
      place: { name: 'privileges' },
      message: `User ${user.user} lacks privileges on the database ${database} that ${purpose}: ${missing.join(', ')}.`,
      next: `Grant ${roles.join(' and ')} on ${database}: db.getSiblingDB(${JSON.stringify(user.db)}).grantRolesToUser(${JSON.stringify(user.user)}, [${grant}])`,
    },
  ];
}

/** The least built-in roles that have all of these actions. */
function rolesFor(missing: readonly Action[]): string[] {
  const some = (actions: readonly Action[]) => missing.some((action) => actions.includes(action));
  const roles = some(writing) ? ['readWrite'] : some(reading) ? ['read'] : [];
  return some(administering) ? [...roles, 'dbAdmin'] : roles;
}
