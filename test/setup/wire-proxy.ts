import { connect, createServer, type Server, type Socket } from 'node:net';
import { BSON } from 'mongodb';

/** Which message on its way is the chosen one. */
export interface Stop {
  /** The nth command from the last `count` on; of these names only, where they are given. */
  readonly nth: number;
  readonly of?: readonly string[];
  /** Counted from the first command of this name on. */
  readonly from?: string;
  /** `sent`: the server never sees it. `answered`: the server has carried it out, the sender does not hear of it. */
  readonly when: 'sent' | 'answered';
}

/** A way to a mongod on which one message can be held back: the one at which something is to happen. */
export interface WireProxy extends AsyncDisposable {
  /** Connection string for the same database by way of the proxy. */
  readonly uri: string;
  /** Commands since `count`, without those that keep a connection and, by the clock, the lease and the record of the run. */
  readonly commands: readonly string[];
  /** Counts from 0 again. */
  count(): void;
  /** Calls `then` once, at that message, which is held back. What it is given lets the message go on after all. */
  stopAt(stop: Stop, then: (release: () => void) => void): void;
  /** Closes all connections; new ones are taken. */
  cut(): void;
}

const housekeeping = new Set(['ismaster', 'isMaster', 'ping', 'endSessions', 'saslStart', 'saslContinue']);

export async function wireProxyTo(target: string): Promise<WireProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let commands: string[] = [];
  let stop: (Stop & { readonly then: (release: () => void) => void }) | undefined;

  const server: Server = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    /** The answer to this request is held back. */
    let holding: { readonly requestId: number; readonly then: (release: () => void) => void } | undefined;
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    eachMessage(incoming, (message) => {
      const command = commandOf(message);
      if (command !== undefined) {
        commands.push(command);
        const { of, from } = stop ?? {};
        const first = from === undefined ? 0 : commands.indexOf(from);
        const counted = first < 0 ? [] : commands.slice(first);
        const chosen = of === undefined ? counted : counted.filter((one) => of.includes(one));
        if (stop !== undefined && chosen.length >= stop.nth && (of === undefined || of.includes(command))) {
          const { when, then } = stop;
          stop = undefined;
          if (when === 'sent') return then(() => outgoing.write(message));
          holding = { requestId: message.readInt32LE(4), then };
        }
      }
      outgoing.write(message);
    });
    eachMessage(outgoing, (message) => {
      // responseTo, at byte 8 of the header.
      if (holding !== undefined && message.readInt32LE(8) === holding.requestId) {
        const { then } = holding;
        holding = undefined;
        return then(() => incoming.write(message));
      }
      incoming.write(message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uri = new URL(target);
  // Or else the driver would ask the replica set for its members, and go to them directly.
  uri.searchParams.delete('replicaSet');
  uri.searchParams.set('directConnection', 'true');
  uri.host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    uri: uri.toString(),
    get commands() {
      return commands;
    },
    count() {
      commands = [];
    },
    stopAt(at, then) {
      stop = { ...at, then };
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Cuts a stream into messages of MongoDB's wire protocol: each begins with its length. */
function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
}

const opMsg = 2013;

/** Name of the command of an OP_MSG: the first key of its first section. Undefined for housekeeping. */
function commandOf(message: Buffer): string | undefined {
  if (message.readInt32LE(12) !== opMsg || message[20] !== 0) return undefined;
  const body = BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21)));
  const [name = '', about] = Object.entries(body)[0] ?? [];
  // The driver's own has no session.
  if (housekeeping.has(name) || (name === 'hello' && body.lsid === undefined)) return undefined;
  // In a transaction an update of the lease is a fence.
  const byTheClock = about === '_mongo_release.lease' || about === '_mongo_release.releases';
  const heartbeat = name === 'update' && byTheClock && body.autocommit === undefined;
  return heartbeat ? undefined : name;
}
