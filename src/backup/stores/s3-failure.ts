import { ReleaseError } from '../../observe/error.ts';

/** Whether the answer is that there is no such object or upload: a HEAD has a status alone. */
export function isMissing(error: unknown): boolean {
  const name = nameOf(error);
  return name === 'NoSuchKey' || name === 'NotFound' || name === 'NoSuchUpload';
}

/** Whether these credentials, or this server, do not allow what is asked. */
export function isNotAllowed(error: unknown): boolean {
  return ['AccessDenied', 'Forbidden', 'NotImplemented'].includes(nameOf(error));
}

/**
 * `STORE_FAILED` for what the SDK or the server says, with what helps. Names of errors are those of the S3 API
 * (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) and of the SDK's credential chain.
 */
export function s3Failed(doing: string, location: string, bucket: string, cause: unknown): ReleaseError {
  const name = nameOf(cause);
  return new ReleaseError('STORE_FAILED', `The store ${location} failed (${name}) while ${doing}.`, {
    hint: hintFor(name, bucket),
    cause,
  });
}

function hintFor(name: string, bucket: string): string {
  switch (name) {
    case 'CredentialsProviderError':
    case 'TokenProviderError':
      return 'Give credentials for S3: in GitHub Actions a step with aws-actions/configure-aws-credentials before this one and `permissions: id-token: write`, else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile.';
    case 'RegionMissing':
      return `Say which region ${bucket} is in: set AWS_REGION, or backup.s3.region in mongo-release.yml.`;
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'InvalidToken':
      return 'The credentials have run out: fetch new ones, valid for longer than a backup takes, and run this again.';
    case 'AccessDenied':
    case 'Forbidden':
    case 'AllAccessDisabled':
      return `Allow these credentials s3:ListBucket, s3:ListBucketMultipartUploads on ${bucket}, and s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload on its objects.`;
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'AuthorizationHeaderMalformed':
      return 'The access key, its secret or the region is not the right one: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION (or backup.s3.region).';
    case 'NoSuchBucket':
      return `Make the bucket ${bucket} first, or name another one; mongo-release makes none.`;
    case 'PermanentRedirect':
    case 'IllegalLocationConstraintException':
      return `The bucket ${bucket} is in another region: set AWS_REGION or backup.s3.region to its own.`;
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'TimeoutError':
      return 'The server of the store cannot be reached: check backup.s3.endpoint and the network, and run this again.';
    default:
      return 'Look the name of the error up in the documentation of S3; --debug shows what the server said.';
  }
}

function nameOf(error: unknown): string {
  const { name, code, Code } = (error ?? {}) as { name?: unknown; code?: unknown; Code?: unknown };
  // The system's errors have a code, under names that say nothing.
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code;
  if (typeof Code === 'string') return Code;
  return typeof name === 'string' && name !== '' ? name : 'unknown error';
}
