import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a disturbance does instead of, or after, the proper answer. */
export interface Disturbance {
  readonly method?: string;
  readonly path: RegExp;
  /** `drop` cuts the connection, `silence` leaves it open and says nothing. */
  readonly answer: 'drop' | 'silence' | { status: number; headers?: Record<string, string>; body?: unknown };
  /** Whether the request is carried out all the same: an answer that is lost on its way. */
  readonly carriedOut?: boolean;
  times: number;
}

type Fate = 'completed' | 'failed' | 'stuck';
type JobFate = 'finished' | 'failed' | 'cancelled' | 'expired' | 'stuck';

interface Snapshot {
  readonly id: string;
  description: string;
  status: string;
  readonly snapshotType: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  fate: Fate;
}

interface Job {
  readonly id: string;
  readonly deliveryType: string;
  readonly snapshotId: string;
  readonly targetClusterName: string;
  readonly targetGroupId: string;
  looks: number;
  finishedAt?: string;
  failed: boolean;
  cancelled: boolean;
  expired: boolean;
}

const version = 'application/vnd.atlas.2023-01-01+json';
const newId = () => randomBytes(12).toString('hex');

/**
 * Stands in for the Atlas Administration API, which no test can reach: keeps to what its pages say of tokens, headers,
 * statuses, pages and error documents. Every look takes a snapshot or job one step on.
 */
export class AtlasStandIn implements AsyncDisposable {
  readonly project = '5e2211c17a3e5a48f5497de3';
  readonly cluster = 'Shop';
  readonly clientId = 'mdb_sa_id_65f0';
  readonly clientSecret = 'mdb_sa_sk_verySecret';
  /** Requests as `METHOD path`, in order. */
  readonly requests: string[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly jobs: Job[] = [];
  readonly disturbances: Disturbance[] = [];
  readonly tokens = new Map<string, number>();
  tokenSeconds = 3600;
  pageSize = 500;
  sharded = false;
  fate: Fate = 'completed';
  jobFate: JobFate = 'finished';
  connectionStrings: object = { standard: 'mongodb://127.0.0.1:27117/?replicaSet=dev' };
  onSnapshot: (id: string) => Promise<void> = async () => {};
  onRestore: (id: string) => Promise<void> = async () => {};
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error) => response.destroy(error));
  });

  static async start(): Promise<AtlasStandIn> {
    const standIn = new AtlasStandIn();
    await new Promise<void>((listening) => standIn.#server.listen(0, '127.0.0.1', listening));
    return standIn;
  }

  get api(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get posts(): string[] {
    return this.requests.filter((line) => line.startsWith('POST /api/atlas'));
  }

  /** A snapshot that somebody else asked for. */
  add(change: Partial<Snapshot>): Snapshot {
    const snapshot: Snapshot = {
      ...{ id: newId(), description: 'not ours', status: 'completed', snapshotType: 'onDemand', fate: 'completed' },
      ...{ createdAt: new Date().toISOString(), expiresAt: new Date(Date.now() + 86_400_000).toISOString() },
      ...change,
    };
    this.snapshots.push(snapshot);
    return snapshot;
  }

  disturb(path: RegExp, answer: Disturbance['answer'], more: Partial<Disturbance> = {}): void {
    this.disturbances.push({ path, answer, times: 1, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    this.requests.push(`${method} ${url}`);
    let text = '';
    for await (const chunk of request) text += chunk;
    const disturbance = this.disturbances.find(
      (one) => one.times > 0 && one.path.test(url) && (one.method ?? method) === method,
    );
    if (disturbance !== undefined) disturbance.times--;
    const proper = disturbance === undefined || disturbance.carriedOut ? await this.#answer(request, text) : undefined;
    const answer = disturbance?.answer ?? proper;
    if (answer === 'silence') return;
    if (answer === undefined || answer === 'drop') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': version, ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  }

  async #answer(
    { method, url = '', headers }: IncomingMessage,
    text: string,
  ): Promise<Exclude<Disturbance['answer'], string>> {
    const { pathname, searchParams } = new URL(url, this.api);
    if (pathname === '/api/oauth/token') return this.#token(headers.authorization, text);
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    if ((this.tokens.get(token) ?? 0) <= Date.now()) return problem(401, 'INVALID_TOKEN');
    if (headers.accept !== version) return problem(406, 'INVALID_VERSION_HEADER');
    if (method === 'POST' && headers['content-type'] !== version) return problem(415, 'UNSUPPORTED_MEDIA_TYPE');
    const [, project, cluster, rest = ''] =
      /^\/api\/atlas\/v2\/groups\/([^/]+)\/clusters\/([^/]+)(?:\/backup(\/.+))?$/.exec(pathname) ?? [];
    if (project !== this.project) return problem(404, 'GROUP_NOT_FOUND');
    if (cluster !== this.cluster) return problem(404, 'CLUSTER_NOT_FOUND');
    if (rest === '') return ok({ name: cluster, connectionStrings: this.connectionStrings });
    if (method === 'POST' && rest === '/snapshots') return this.#take(JSON.parse(text));
    if (method === 'POST' && rest === '/restoreJobs') return this.#restore(JSON.parse(text));
    const lists = {
      [this.sharded ? '/snapshots/shardedClusters' : '/snapshots']: this.snapshots,
      '/restoreJobs': this.jobs,
    };
    const list = lists[rest];
    if (list !== undefined) return page(list, searchParams, this.pageSize);
    const one = this.sharded ? /^\/snapshots\/shardedCluster\/([^/]+)$/ : /^\/snapshots\/([^/]+)$/;
    const id = one.exec(rest)?.[1];
    if (id !== undefined) return this.#look(id);
    const job = this.jobs.find((each) => rest === `/restoreJobs/${each.id}`);
    return job === undefined ? problem(404, 'RESOURCE_NOT_FOUND') : this.#lookAtJob(job);
  }

  #token(authorization: string | undefined, text: string) {
    const expected = `Basic ${Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64')}`;
    if (authorization !== expected) return { status: 401, body: { error: 'invalid_client' } };
    if (text !== 'grant_type=client_credentials') return { status: 400, body: { error: 'unsupported_grant_type' } };
    const token = `token-${newId()}`;
    this.tokens.set(token, Date.now() + this.tokenSeconds * 1000);
    return ok({ access_token: token, expires_in: this.tokenSeconds, token_type: 'Bearer' });
  }

  async #take({ description, retentionInDays }: { description: string; retentionInDays: number }) {
    if (
      this.snapshots.some(({ status, snapshotType }) => snapshotType === 'onDemand' && /queued|inProgress/.test(status))
    )
      return problem(409, 'SNAPSHOT_IN_PROGRESS');
    const expiresAt = new Date(Date.now() + retentionInDays * 86_400_000).toISOString();
    const snapshot = this.add({ description, expiresAt, status: 'queued', fate: this.fate });
    await this.onSnapshot(snapshot.id);
    return ok(shown(snapshot));
  }

  #look(id: string) {
    const snapshot = this.snapshots.find((one) => one.id === id);
    if (snapshot === undefined) return problem(404, 'RESOURCE_NOT_FOUND');
    if (snapshot.status === 'inProgress' && snapshot.fate !== 'stuck') snapshot.status = snapshot.fate;
    if (snapshot.status === 'queued') snapshot.status = 'inProgress';
    return ok(shown(snapshot));
  }

  async #restore(wish: Pick<Job, 'deliveryType' | 'snapshotId' | 'targetClusterName' | 'targetGroupId'>) {
    if (!this.snapshots.some(({ id, status }) => id === wish.snapshotId && status === 'completed'))
      return problem(404, 'RESOURCE_NOT_FOUND');
    const { deliveryType, snapshotId, targetClusterName, targetGroupId } = wish;
    const job: Job = {
      ...{ id: newId(), deliveryType, snapshotId, targetClusterName, targetGroupId, looks: 0 },
      ...{ failed: false, cancelled: false, expired: false },
    };
    this.jobs.push(job);
    return ok(job);
  }

  async #lookAtJob(job: Job) {
    if (++job.looks === 2 && this.jobFate !== 'stuck') {
      if (this.jobFate === 'finished') await this.onRestore(job.snapshotId);
      else job[this.jobFate] = true;
      // Also of those that did not end well.
      job.finishedAt = new Date().toISOString();
    }
    const { looks: _, ...body } = job;
    return ok(body);
  }
}

function shown({ fate: _, ...snapshot }: Snapshot) {
  return snapshot;
}

const ok = (body: unknown) => ({ status: 200, body });

export const problem = (status: number, errorCode: string) => ({
  status,
  body: { error: status, errorCode, detail: 'A text that may quote anything: secret-detail.', reason: 'No.' },
});

function page(all: readonly object[], query: URLSearchParams, largest: number) {
  const size = Math.min(Number(query.get('itemsPerPage') ?? 100), largest);
  const from = (Number(query.get('pageNum') ?? 1) - 1) * size;
  const results = all.slice(from, from + size).map((one) => ('fate' in one ? shown(one as Snapshot) : one));
  return ok({ results, totalCount: all.length });
}
