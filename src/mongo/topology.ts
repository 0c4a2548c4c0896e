import type { MongoClient, ObjectId } from 'mongodb';

/** What kind of deployment answered. Everything that needs transactions or snapshot reads asks here first. */
export interface Topology {
  readonly kind: 'replica-set' | 'sharded' | 'standalone';
  /** Name of the replica set; undefined on the other kinds. */
  readonly setName?: string;
  /** Hosts of the replica set as its members name each other, or of the routers. */
  readonly hosts: readonly string[];
  /** Such as `6.0.5`. */
  readonly serverVersion: string;
  /** Feature compatibility version such as `6.0`; undefined where the user may not read it. */
  readonly featureCompatibility?: string;
  /** Given to a replica set once, when it is initiated (hex digits); undefined where the user may not read it. */
  readonly replicaSetId?: string;
  /** The same of a sharded cluster. */
  readonly clusterId?: string;
}

export async function readTopology(client: MongoClient): Promise<Topology> {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 });
  const build = await admin.command({ buildInfo: 1 });
  const compatibility = await admin
    .command({ getParameter: 1, featureCompatibilityVersion: 1 })
    .then((answer) => answer.featureCompatibilityVersion?.version as string | undefined)
    .catch(() => undefined);
  const replicaSetId = hello.setName
    ? await admin
        .command({ replSetGetConfig: 1 })
        .then((answer) => answer.config?.settings?.replicaSetId?.toString() as string | undefined)
        .catch(() => undefined)
    : undefined;
  const sharded = hello.msg === 'isdbgrid';
  // https://www.mongodb.com/docs/manual/reference/config-database/#config.version
  const version = sharded
    ? await client
        .db('config')
        .collection<{ readonly clusterId?: ObjectId }>('version')
        .findOne()
        .catch(() => null)
    : null;
  return {
    kind: sharded ? 'sharded' : hello.setName ? 'replica-set' : 'standalone',
    setName: hello.setName,
    hosts: hello.hosts ?? (hello.me ? [hello.me] : []),
    serverVersion: String(build.version),
    featureCompatibility: compatibility,
    replicaSetId,
    clusterId: version?.clusterId?.toString(),
  };
}
