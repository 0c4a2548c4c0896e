import { ReleaseError } from '../../observe/error.ts';
import type { ErrorCode } from '../../observe/error-codes.ts';

/** What the API's error documents hold that is ours to show: `detail` and `reason` may quote anything. */
export function errorCodeOf(body: unknown): string | undefined {
  const { errorCode } = (body ?? {}) as { errorCode?: unknown };
  return typeof errorCode === 'string' && /^[A-Z][A-Z0-9_]{1,80}$/.test(errorCode) ? errorCode : undefined;
}

/** Whether a 404 is about the thing itself: not about where it would be, and not of a proxy, which has no such codes. */
export function isAboutThing(errorCode: string | undefined): boolean {
  return errorCode !== undefined && !ofPlaces.has(errorCode);
}

const ofPlaces: ReadonlySet<string> = new Set([
  'CLUSTER_NOT_FOUND',
  'GROUP_NOT_FOUND',
  'INVALID_GROUP_ID',
  'NOT_ATLAS_GROUP',
]);

/** An answer that is a refusal, by its status and the API's own code. `doing` completes "while …". */
export function refusal(status: number, body: unknown, doing: string): ReleaseError {
  const errorCode = errorCodeOf(body);
  const [code, hint] = meaningOf(status, errorCode);
  const what = errorCode === undefined ? String(status) : `${status} ${errorCode}`;
  return new ReleaseError(code, `Atlas answered ${what} while ${doing}.`, { hint, details: { status } });
}

/** No answer at all, or none that could be read to its end. */
export function noAnswer(doing: string, api: string, cause: unknown): ReleaseError {
  const code = systemCode(cause);
  return new ReleaseError(
    'ATLAS_FAILED',
    `The API of Atlas gave no answer${code === undefined ? '' : ` (${code})`} while ${doing}.`,
    { hint: `Check that this machine reaches ${api}, and run this again.`, cause },
  );
}

/** An answer in a form that nobody announced. */
export function strangeAnswer(doing: string, cause: unknown): ReleaseError {
  return new ReleaseError(
    'ATLAS_FAILED',
    `The API of Atlas gave an answer of another form than its own while ${doing}.`,
    {
      hint: 'Check backup.atlas.api in mongo-release.yml; a proxy may have answered in its place.',
      cause,
    },
  );
}

export function credentialsRefused(names: { readonly id: string; readonly secret: string }): ReleaseError {
  return new ReleaseError('CREDENTIALS_REFUSED', 'Atlas refused the client id or the client secret.', {
    hint: `Check ${names.id} and ${names.secret}: they are those of a service account that has not expired (Atlas, Identity & Access, Applications).`,
  });
}

function meaningOf(status: number, errorCode: string | undefined): [ErrorCode, string] {
  switch (errorCode) {
    // Its name was another one before.
    case 'IP_ADDRESS_NOT_ON_ACCESS_LIST':
    case 'IP_ADDRESS_NOT_ON_WHITELIST':
      return [
        'NOT_AUTHORIZED',
        "Add this machine's address to the API access list of the service account: another list than the one that lets it into the database.",
      ];
    case 'GROUP_NOT_FOUND':
    case 'INVALID_GROUP_ID':
    case 'NOT_ATLAS_GROUP':
      return ['ATLAS_FAILED', 'Check backup.atlas.project: it is the id of the project, 24 hex digits.'];
    case 'CLUSTER_NOT_FOUND':
      return ['ATLAS_FAILED', 'Check backup.atlas.cluster: it is the name of the cluster, as Atlas writes it.'];
  }
  if (status === 401 || status === 403)
    return [
      'NOT_AUTHORIZED',
      'Give the service account the roles Project Backup Manager and Project Read Only in this project; where it may not restore with those, Project Owner.',
    ];
  if (status === 402) return ['ATLAS_FAILED', 'Look at the billing of the organization in Atlas.'];
  if (status === 404) return ['ATLAS_FAILED', 'Check backup.atlas.project and backup.atlas.cluster.'];
  if (status === 409)
    return ['ATLAS_FAILED', 'Something else is under way in this cluster: look at it in Atlas, and run this again.'];
  if (status === 429 || status >= 500)
    return ['ATLAS_FAILED', 'Look at https://status.mongodb.com, and run this again later.'];
  return [
    'ATLAS_FAILED',
    'Look the code up in the documentation of the Atlas Administration API; snapshots need a cluster of M10 or larger with backups turned on.',
  ];
}

/** fetch wraps what the system says. */
function systemCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { code, name } = at as { code?: unknown; name: string };
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
    if (name === 'TimeoutError') return 'no answer in time';
  }
  return undefined;
}
