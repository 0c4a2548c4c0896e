import { ReleaseError } from '../../observe/error.ts';
import type { Driver, RawClient } from '../gate/raw.ts';

type Connect = (this: RawClient, ...args: unknown[]) => Promise<unknown>;

/** Which connections of its own the code of this process may open. */
export interface Allowed {
  /** The runner's client: nobody else may be connected to the same servers. */
  readonly beside: RawClient;
  /** Told of each that is opened, with its servers. */
  readonly opened: (hosts: string) => void;
  /** Told of the first that is refused. */
  readonly refused: (reason: ReleaseError) => void;
}

const watched = new WeakSet<object>();

/**
 * Watches over the connections that code of the project opens by itself: what is written there passes no gate. Loading
 * code needs none, and a rehearsal knows the sandbox alone, so all are refused there. Elsewhere those are which go to the
 * target itself, whatever name its servers are called by.
 */
export class Connections {
  readonly #ours = new WeakSet<RawClient>();
  #allowed: Allowed | undefined;
  #refused: ReleaseError | undefined;
  #listener: Allowed['refused'] = () => {};

  /** The runner's own. */
  admit(client: RawClient): void {
    this.#ours.add(client);
  }

  /** From here on connections to others than the target may be opened. */
  allow(allowed: Allowed): void {
    this.#allowed = allowed;
    this.#listener = allowed.refused;
  }

  /** From here on `refused` is told, and all are still refused. */
  refuse(refused: Allowed['refused']): void {
    this.#listener = refused;
  }

  /** What was refused first; code may have passed over it. */
  get refused(): ReleaseError | undefined {
    return this.#refused;
  }

  /** Sets a copy of the driver up. */
  watch({ MongoClient }: Pick<Driver['classes'], 'MongoClient'>): void {
    const prototype = MongoClient?.prototype as unknown as { connect: Connect } | undefined;
    if (prototype === undefined || watched.has(prototype)) return;
    watched.add(prototype);
    const connect = prototype.connect;
    const check = (client: RawClient, args: unknown[]) => this.#connect(client, () => connect.apply(client, args));
    prototype.connect = function (...args) {
      const callback = args.at(-1);
      // Of driver 4.
      if (typeof callback !== 'function') return check(this, args);
      return check(this, args.slice(0, -1)).then(
        () => callback(undefined, this),
        (error) => callback(error),
      );
    };
  }

  async #connect(client: RawClient, connect: () => Promise<unknown>): Promise<unknown> {
    if (this.#ours.has(client)) return connect();
    const allowed = this.#allowed;
    if (allowed === undefined) throw this.#refuse();
    const targets = serversOf(allowed.beside);
    const isTarget = (servers: Iterable<string>) => [...servers].some((server) => targets.has(server));
    if (isTarget(hostsOf(client))) throw this.#refuse();
    const connected = await connect();
    const servers = serversOf(client);
    if (isTarget(servers)) {
      await client.close().catch(() => {});
      throw this.#refuse();
    }
    allowed.opened([...servers].filter((server) => server.includes(':')).join(', '));
    return connected;
  }

  #refuse(): ReleaseError {
    const error = new ReleaseError(
      'OWN_CONNECTION',
      `Code opened a connection of its own (MongoClient, mongoose.connect or createConnection), ${this.#allowed === undefined ? 'which is refused to any server while code is loaded or rehearsed' : 'which is refused to the target'}: what it writes there is neither counted, fenced nor taken back.`,
      {
        hint: 'Use the db and client that up is given. Models made with mongoose.model() have that connection, and the context form is given them as models: export them, and call mongoose.connect only in the file that starts the application.',
      },
    );
    this.#refused ??= error;
    this.#listener(this.#refused);
    return error;
  }
}

interface Described {
  readonly address: string;
  readonly topologyVersion?: { readonly processId?: { toString(): string } } | null;
}

/** As the connection string has them. */
function hostsOf({ options }: RawClient): string[] {
  return (options?.hosts ?? []).map(String);
}

/** Addresses, and the ids that the processes of servers gave themselves: one server has many addresses. */
function serversOf(client: RawClient): Set<string> {
  const { topology } = client as unknown as {
    readonly topology?: { readonly description?: { readonly servers?: ReadonlyMap<string, Described> } };
  };
  const described = [...(topology?.description?.servers?.values() ?? [])];
  return new Set(
    described.flatMap(({ address, topologyVersion }) => {
      const id = topologyVersion?.processId?.toString();
      return id === undefined ? [address] : [address, id];
    }),
  );
}
