import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { ReleaseError } from '../../observe/error.ts';
import type { Log } from '../../observe/log.ts';
import type { Secrets } from '../../observe/secrets.ts';
import { credentialsRefused, errorCodeOf, isAboutThing, noAnswer, refusal, strangeAnswer } from './failure.ts';
import { type Token, TokenCache } from './token.ts';

export interface AtlasOptions {
  /** Such as `https://cloud.mongodb.com`. */
  readonly api: string;
  /** Of a service account. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of the variables that hold these two, for messages. */
  readonly variables: { readonly id: string; readonly secret: string };
  readonly secrets: Secrets;
  readonly log: Log;
  readonly signal?: AbortSignal;
  readonly timing?: Partial<AtlasTiming>;
}

/** In milliseconds, where it is a time. */
export interface AtlasTiming {
  /** Of one request. */
  readonly requestLimit: number;
  /** Requests before giving up, where they may be repeated. */
  readonly attempts: number;
  /** Pauses between two of them, and between two looks at what takes long: they grow from the first to the longest. */
  readonly firstPause: number;
  readonly longestPause: number;
}

const usualTiming: AtlasTiming = { requestLimit: 30_000, attempts: 8, firstPause: 1000, longestPause: 30_000 };
/** However long the API wants to be left alone. */
const longestAskedPause = 600_000;
/** The form of requests and answers (https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2). */
const mediaType = 'application/vnd.atlas.2023-01-01+json';
/** The API's own limit. */
const itemsPerPage = 500;

/** What became of a request that changes something. */
export type Posted<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Refused: something else is under way there. */
  | { readonly kind: 'conflict'; readonly error: ReleaseError }
  /** Nobody knows whether it was carried out: look before it is sent again. */
  | { readonly kind: 'unknown'; readonly error: ReleaseError };

type Exchange =
  | { readonly kind: 'answered'; readonly body: unknown }
  | { readonly kind: 'unauthorized'; readonly error: ReleaseError }
  /** Not even looked at: may be sent again, after this pause. */
  | { readonly kind: 'later'; readonly error: ReleaseError; readonly afterMs?: number }
  | { readonly kind: 'unknown'; readonly error: ReleaseError }
  | { readonly kind: 'refused'; readonly status: number; readonly errorCode?: string; readonly error: ReleaseError };

/**
 * The Atlas Administration API, for a service account. What is limited (429) is sent again when the API says so, and what
 * only reads also after errors of the server and broken connections; a token that is no longer taken is renewed once.
 *
 * Its methods throw `CREDENTIALS_REFUSED`, `NOT_AUTHORIZED`, `ATLAS_FAILED`; the signal's reason when aborted. `doing`
 * completes "while …".
 */
export class AtlasClient {
  readonly log: Log;
  readonly #options: AtlasOptions;
  readonly #timing: AtlasTiming;
  readonly #tokens: TokenCache;

  constructor(options: AtlasOptions) {
    this.#options = options;
    this.log = options.log;
    this.#timing = { ...usualTiming, ...options.timing };
    options.secrets.add(options.clientSecret);
    options.secrets.add(`${options.clientId}:${options.clientSecret}`);
    this.#tokens = new TokenCache(() => this.#fetchToken());
  }

  get cancelled(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** `path` begins behind `/api/atlas/v2`. */
  async get<T>(path: string, shape: z.ZodType<T>, doing: string): Promise<T> {
    const end = await this.#repeat(() => this.#exchange('GET', path, undefined, doing), true);
    if (end.kind !== 'answered') throw end.error;
    return parse(shape, end.body, doing);
  }

  /** Undefined where there is no such thing; that there is no such cluster or project is thrown. */
  async find<T>(path: string, shape: z.ZodType<T>, doing: string): Promise<T | undefined> {
    const end = await this.#repeat(() => this.#exchange('GET', path, undefined, doing), true);
    if (end.kind === 'refused' && end.status === 404 && isAboutThing(end.errorCode)) return undefined;
    if (end.kind !== 'answered') throw end.error;
    return parse(shape, end.body, doing);
  }

  /** All pages of a list. */
  async list<T>(path: string, shape: z.ZodType<T>, doing: string): Promise<T[]> {
    const page = z.object({ results: z.array(shape), totalCount: z.number().optional() });
    const all: T[] = [];
    for (let pageNum = 1; ; pageNum++) {
      const { results, totalCount } = await this.get(
        `${path}?itemsPerPage=${itemsPerPage}&pageNum=${pageNum}`,
        page,
        doing,
      );
      all.push(...results);
      if (results.length === 0 || all.length >= (totalCount ?? Number.POSITIVE_INFINITY)) return all;
    }
  }

  /** Sent again only where it certainly was not carried out. */
  async post<T>(path: string, body: object, shape: z.ZodType<T>, doing: string): Promise<Posted<T>> {
    const end = await this.#repeat(() => this.#exchange('POST', path, body, doing), false);
    if (end.kind === 'answered') {
      // It was carried out, whatever the answer looks like.
      const read = shape.safeParse(end.body);
      return read.success ? { kind: 'done', value: read.data } : { kind: 'unknown', error: strange(doing, read.error) };
    }
    if (end.kind === 'unknown') return { kind: 'unknown', error: end.error };
    if (end.kind === 'refused' && end.status === 409) return { kind: 'conflict', error: end.error };
    throw end.error;
  }

  /** The pauses between looks at what takes long; each resolves with what is left until `limitMs` after the first. */
  pauses(limitMs: number): () => Promise<number> {
    const started = performance.now();
    let next = this.#timing.firstPause;
    return async () => {
      const left = started + limitMs - performance.now();
      await this.#pause(Math.max(0, Math.min(next, left)));
      next = Math.min(next * 1.5, this.#timing.longestPause);
      return left;
    };
  }

  async #repeat(send: () => Promise<Exchange>, harmless: boolean): Promise<Exchange> {
    const { attempts, firstPause, longestPause } = this.#timing;
    for (let attempt = 1, pause = firstPause; ; attempt++, pause = Math.min(pause * 2, longestPause)) {
      const end = await send();
      const again = end.kind === 'later' || (harmless && end.kind === 'unknown');
      if (!again || attempt === attempts) return end;
      // Who is limited again after the pause that was asked for waits longer (docs/atlas/api/api-rate-limit).
      const asked = (end.kind === 'later' ? end.afterMs : undefined) ?? 0;
      this.log.debug(`${end.error.message} It is sent again.`, { attempt });
      await this.#pause(Math.max(pause, Math.min(asked, longestAskedPause)));
    }
  }

  /** With a token; with a new one where the first is not taken: it may have been revoked, or clocks differ. */
  async #exchange(method: 'GET' | 'POST', path: string, body: object | undefined, doing: string): Promise<Exchange> {
    for (let attempt = 1; ; attempt++) {
      const headers = {
        accept: mediaType,
        authorization: `Bearer ${await this.#tokens.get()}`,
        ...(body !== undefined && { 'content-type': mediaType }),
      };
      const request = { method, headers, body: body && JSON.stringify(body) };
      const end = await this.#send(`/api/atlas/v2${path}`, request, doing);
      if (end.kind !== 'unauthorized' || attempt === 2) return end;
      this.#tokens.forget();
    }
  }

  async #fetchToken(): Promise<Token> {
    const { clientId, clientSecret, secrets, variables } = this.#options;
    const doing = 'asking for a token';
    const request = {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    };
    const end = await this.#repeat(() => this.#send('/api/oauth/token', request, doing), true);
    if (end.kind === 'unauthorized' || (end.kind === 'refused' && end.status === 400))
      throw credentialsRefused(variables);
    if (end.kind !== 'answered') throw end.error;
    const { access_token: value, expires_in: seconds } = parse(tokenShape, end.body, doing);
    secrets.add(value);
    return { value, lifeMs: seconds * 1000 };
  }

  async #send(path: string, request: RequestInit, doing: string): Promise<Exchange> {
    const { api, signal } = this.#options;
    const limit = AbortSignal.timeout(this.#timing.requestLimit);
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, api), {
        ...request,
        // Nobody else gets the token.
        redirect: 'error',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      text = await response.text();
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      return { kind: 'unknown', error: noAnswer(doing, api, cause) };
    }
    const body = parseJson(text);
    if (response.ok) return { kind: 'answered', body };
    const { status, headers } = response;
    const error = refusal(status, body, doing);
    if (status === 401) return { kind: 'unauthorized', error };
    if (status === 429) return { kind: 'later', error, afterMs: askedPause(headers) };
    if (status >= 500) return { kind: 'unknown', error };
    return { kind: 'refused', status, errorCode: errorCodeOf(body), error };
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await sleep(ms, undefined, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  }
}

const tokenShape = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

function parse<T>(shape: z.ZodType<T>, body: unknown, doing: string): T {
  const result = shape.safeParse(body);
  if (result.success) return result.data;
  throw strange(doing, result.error);
}

function strange(doing: string, { issues }: z.ZodError): ReleaseError {
  return strangeAnswer(doing, new Error(issues.map(({ path }) => path.join('.')).join(', ')));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Retry-After has seconds or a date (RFC 9110), RateLimit-Reset seconds. */
function askedPause(headers: Headers): number | undefined {
  const after = headers.get('retry-after') ?? headers.get('ratelimit-reset');
  if (after === null) return undefined;
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
