import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListObjectsV2CommandOutput, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { ReleaseError } from '../../observe/error.ts';
import { archiveDamaged, archiveMissing } from '../archive/damage.ts';
import { isBackupId } from '../backup-id.ts';
import {
  type ArchiveManifest,
  encodeManifest,
  type Manifest,
  parseManifest,
  type SnapshotManifest,
} from '../manifest.ts';
import { type DocumentKind, type Documents, documentsIn } from './documents.ts';
import { encodeVerification, filesOf, listBackups, manifestEnding, noManifest, verifiedEnding } from './listing.ts';
import { isMissing, isNotAllowed, s3Failed } from './s3-failure.ts';
import {
  type BackupStore,
  backupNotFound,
  type CreateOptions,
  type PendingBackup,
  type StoredBackup,
  type Verification,
} from './store.ts';

/** What the SDK's own environment and profiles do not say already. */
export interface S3Settings {
  /** Address of a server that speaks S3; default the SDK's (`AWS_ENDPOINT_URL_S3`), which is Amazon's own. */
  readonly endpoint?: string;
  /** Default the SDK's (`AWS_REGION`, profile); with an endpoint of one's own `us-east-1`, which most of them accept. */
  readonly region?: string;
  /** Bucket in the path instead of the host name. Default: wherever an endpoint is given. */
  readonly pathStyle?: boolean;
  /** How the server encrypts what it keeps; default as the bucket is set up. */
  readonly serverSideEncryption?: 'AES256' | 'aws:kms';
  /** Of `aws:kms`; default the account's own. */
  readonly kmsKey?: string;
}

/** How long a server may take, in milliseconds: to be reached, and between two signs of life; and how often it is tried. */
export interface S3Limits {
  readonly connectMs: number;
  readonly silenceMs: number;
  readonly attempts: number;
}

const patient: S3Limits = { connectMs: 10_000, silenceMs: 60_000, attempts: 5 };
const day = 86_400_000;
const mebibyte = 1024 * 1024;
/** S3 takes 10,000 parts of an upload, each but the last of 5 MiB or more. */
const mostParts = 9000;
const leastPart = 16 * mebibyte;
/** Parts under way; each is held in memory until the server has it. */
const partsAtOnce = 3;
/** Parts under way are waited for no longer than this, in milliseconds: the next backups remove what is left. */
const longestAbortMs = 30_000;
/** A download that breaks off goes on from where it was, so often in a row without a byte in between. */
const resumptions = 5;

/**
 * Backups as objects under a prefix of a bucket, of Amazon S3 or anything that speaks its protocol. The archive is a
 * multipart upload, which is an object whole or not at all; the manifest comes after it, and without one there is no
 * backup. Uploads under the prefix that were begun more than a day ago are aborted when the next backup begins.
 *
 * Credentials are those of the SDK's chain: environment, web identity (GitHub's OIDC), profiles, the machine's role.
 */
export class S3Store implements BackupStore {
  readonly location: string;
  readonly local = false;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #settings: S3Settings;
  readonly #limits: S3Limits;
  #opened: Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: S3Client }> | undefined;

  /** `prefix` without slashes at its ends; may be empty. Nothing is opened yet. */
  constructor(bucket: string, prefix: string, settings: S3Settings = {}, limits: S3Limits = patient) {
    this.#limits = limits;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#settings = settings;
    this.location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  async list(): Promise<StoredBackup[]> {
    const sizes = await this.#sizes();
    return listBackups({
      names: [...sizes.keys()],
      location: this.location,
      readManifest: (id) => this.readManifest(id),
      readText: (name) => this.#readText(name, 'listing backups'),
      sizeOf: async (name) => sizes.get(name),
    });
  }

  async readManifest(id: string): Promise<Manifest> {
    if (!isBackupId(id)) throw backupNotFound(id, this.location);
    const text = await this.#readText(id + manifestEnding, 'reading a manifest');
    if (text === undefined) throw noManifest(id, this.location, await this.#names());
    return parseManifest(text, id);
  }

  async openArchive({ archive }: Pick<ArchiveManifest, 'archive'>): Promise<{ stream: Readable; bytes: number }> {
    const { file } = archive;
    if (file.includes('/')) throw archiveDamaged('its name is no file name', file);
    const { sdk, client } = await this.#open();
    const object = { Bucket: this.#bucket, Key: this.#prefix + file };
    let bytes: number;
    let etag: string | undefined;
    try {
      const head = await client.send(new sdk.HeadObjectCommand(object));
      bytes = head.ContentLength ?? 0;
      etag = head.ETag;
    } catch (error) {
      if (isMissing(error)) throw archiveMissing(file);
      throw this.failure('opening an archive', error);
    }
    const ranges = async function* (): AsyncGenerator<Uint8Array> {
      let at = 0;
      let idle = 0;
      while (at < bytes) {
        try {
          const { Body } = await client.send(
            new sdk.GetObjectCommand({ ...object, IfMatch: etag, Range: `bytes=${at}-` }),
          );
          for await (const chunk of Body as Readable) {
            at += chunk.length;
            idle = 0;
            yield chunk;
          }
        } catch (error) {
          if (++idle > resumptions || !isTransient(error)) throw error;
        }
      }
    };
    return { stream: Readable.from(ranges(), { objectMode: false, highWaterMark: 4 * mebibyte }), bytes };
  }

  async create(id: string, { ending, expectedBytes }: CreateOptions): Promise<PendingBackup> {
    const { client } = await this.#open();
    try {
      await this.#abortStale();
    } catch (error) {
      throw this.failure('beginning a backup', error);
    }
    const { Upload } = await import('@aws-sdk/lib-storage');
    const file = id + ending;
    const body = new PassThrough({ highWaterMark: 4 * mebibyte });
    // The object comes into being with the end of what is sent: nobody sees it before the commit.
    const committed = Promise.withResolvers<void>();
    committed.promise.catch(() => {});
    const whole = async function* (): AsyncGenerator<Uint8Array> {
      yield* body;
      await committed.promise;
    };
    const partSize = Math.max(leastPart, Math.ceil(expectedBytes / mostParts / mebibyte) * mebibyte);
    const upload = new Upload({
      client,
      params: {
        ...this.#object(file),
        Body: Readable.from(whole(), { objectMode: false, highWaterMark: 4 * mebibyte }),
        ContentType: 'application/octet-stream',
      },
      partSize,
      queueSize: partsAtOnce,
    });
    const sent = upload.done();
    // Whoever writes is told by the stream.
    sent.catch((error) => body.destroy(this.failure(`writing ${file}`, error)));
    let done = false;
    return {
      writable: body,
      file,
      location: `${this.location}/${file}`,
      commit: async (manifest) => {
        committed.resolve();
        try {
          await sent;
          await this.#writeJson(id + manifestEnding, encodeManifest(manifest));
          done = true;
        } catch (error) {
          throw this.failure('completing a backup', error);
        }
      },
      abort: async () => {
        if (done) return;
        done = true;
        body.destroy();
        committed.reject(new Error('The backup is given up.'));
        // Not by the SDK's own abort, which does not wait until the parts are gone.
        await Promise.race([sent.catch(() => {}), sleep(longestAbortMs, undefined, { ref: false })]);
        await this.#delete(id + manifestEnding).catch(() => {});
        await this.#delete(file).catch(() => {});
      },
    };
  }

  async keep(manifest: SnapshotManifest): Promise<string> {
    const name = manifest.id + manifestEnding;
    try {
      await this.#writeJson(name, encodeManifest(manifest));
    } catch (error) {
      throw this.failure('keeping a manifest', error);
    }
    return `${this.location}/${name}`;
  }

  async markVerified(id: string, verified: Verification): Promise<void> {
    if (!isBackupId(id)) throw backupNotFound(id, this.location);
    try {
      await this.#writeJson(id + verifiedEnding, encodeVerification(verified));
    } catch (error) {
      throw this.failure('noting that a backup is verified', error);
    }
  }

  async remove(manifest: Manifest): Promise<void> {
    const { id } = manifest;
    const names = filesOf(manifest);
    if (!isBackupId(id) || names.some((name) => name.includes('/'))) throw backupNotFound(id, this.location);
    try {
      for (const name of names) await this.#delete(name);
    } catch (error) {
      throw this.failure('removing a backup', error);
    }
  }

  documents(kind: DocumentKind): Documents {
    return documentsIn({
      location: `${this.location}/${kind}`,
      names: () => this.#names(`${kind}/`, `listing ${kind}`),
      readText: (name) => this.#readText(`${kind}/${name}`, `reading ${kind}`),
      write: (name, text) =>
        this.#writeJson(`${kind}/${name}`, text).catch((error) => {
          throw this.failure(`writing ${kind}`, error);
        }),
      remove: (name) =>
        this.#delete(`${kind}/${name}`).catch((error) => {
          throw this.failure(`removing ${kind}`, error);
        }),
    });
  }

  failure(doing: string, cause: unknown): ReleaseError {
    return cause instanceof ReleaseError ? cause : s3Failed(doing, this.location, this.#bucket, cause);
  }

  #object(name: string): Pick<PutObjectCommandInput, 'Bucket' | 'Key' | 'ServerSideEncryption' | 'SSEKMSKeyId'> {
    const { serverSideEncryption, kmsKey } = this.#settings;
    return {
      Bucket: this.#bucket,
      Key: this.#prefix + name,
      ServerSideEncryption: serverSideEncryption,
      SSEKMSKeyId: kmsKey,
    };
  }

  async #writeJson(name: string, text: string): Promise<void> {
    const { sdk, client } = await this.#open();
    const object = { ...this.#object(name), Body: text, ContentType: 'application/json' };
    await client.send(new sdk.PutObjectCommand(object));
  }

  async #readText(name: string, doing: string): Promise<string | undefined> {
    const { sdk, client } = await this.#open();
    try {
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name }));
      return await Body?.transformToString('utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.failure(doing, error);
    }
  }

  /** Names directly under the prefix, or under a folder of it (`drills/`). */
  async #names(folder = '', doing = 'listing backups'): Promise<string[]> {
    return [...(await this.#sizes(folder, doing)).keys()];
  }

  /** The same with their bytes. */
  async #sizes(folder = '', doing = 'listing backups'): Promise<Map<string, number>> {
    const { sdk, client } = await this.#open();
    const sizes = new Map<string, number>();
    const where = { Bucket: this.#bucket, Prefix: this.#prefix + folder, Delimiter: '/' };
    try {
      for (let token: string | undefined; ; ) {
        const page: ListObjectsV2CommandOutput = await client.send(
          new sdk.ListObjectsV2Command({ ...where, ContinuationToken: token }),
        );
        for (const { Key = '', Size = 0 } of page.Contents ?? []) sizes.set(Key.slice(where.Prefix.length), Size);
        if (page.NextContinuationToken === undefined) return sizes;
        token = page.NextContinuationToken;
      }
    } catch (error) {
      throw this.failure(doing, error);
    }
  }

  /** Uploads that nobody finished cost as much as objects, and no listing of objects shows them. */
  async #abortStale(): Promise<void> {
    const { sdk, client } = await this.#open();
    const where = { Bucket: this.#bucket, Prefix: this.#prefix };
    // Upkeep: who may not look leaves it to a rule of the bucket.
    const listed = await client.send(new sdk.ListMultipartUploadsCommand(where)).catch((error) => {
      if (!isNotAllowed(error)) throw error;
    });
    for (const { Key = '', UploadId, Initiated } of listed?.Uploads ?? []) {
      const ours = !Key.slice(this.#prefix.length).includes('/') && Key.includes('.archive');
      if (!ours || Initiated === undefined || Date.now() - Initiated.getTime() < day) continue;
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })).catch((error) => {
        if (!isMissing(error)) throw error;
      });
    }
  }

  async #delete(name: string): Promise<void> {
    const { sdk, client } = await this.#open();
    await client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name }));
  }

  #open() {
    this.#opened ??= this.#connect();
    return this.#opened;
  }

  async #connect() {
    const sdk = await import('@aws-sdk/client-s3');
    const { endpoint, region, pathStyle } = this.#settings;
    const options = {
      ...(endpoint !== undefined && { endpoint, forcePathStyle: pathStyle ?? true }),
      ...(endpoint === undefined && pathStyle !== undefined && { forcePathStyle: pathStyle }),
      ...(region !== undefined && { region }),
      maxAttempts: this.#limits.attempts,
      // By itself the SDK waits for ever.
      requestHandler: { connectionTimeout: this.#limits.connectMs, socketTimeout: this.#limits.silenceMs },
      // Servers other than Amazon's often refuse the newer checksums; the manifest's digest covers the archive anyway.
      ...(endpoint !== undefined && {
        requestChecksumCalculation: 'WHEN_REQUIRED' as const,
        responseChecksumValidation: 'WHEN_REQUIRED' as const,
      }),
    };
    const client = new sdk.S3Client(options);
    if (endpoint !== undefined && !(await client.config.region().catch(() => ''))) {
      return { sdk, client: new sdk.S3Client({ ...options, region: 'us-east-1' }) };
    }
    // The SDK's own error for that has no name.
    await client.config.region().catch((cause: unknown) => {
      const unknown = Object.assign(new Error('no region', { cause }), { name: 'RegionMissing' });
      throw this.failure('opening it', unknown);
    });
    return { sdk, client };
  }
}

/** Broken connections and the server's own trouble; what it says of a request stays so. */
function isTransient(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === undefined || status >= 500;
}
