import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can go silent: connections stay open, and nothing passes, as when a network drops packets. */
export interface TcpProxy extends AsyncDisposable {
  /** Connection string for the same database by way of the proxy. */
  readonly uri: string;
  silence(): void;
  /** Requests arrive and are carried out; their answers are held back. */
  silenceAnswers(): void;
  resume(): void;
  /** Ends all connections that are open; new ones are taken. */
  break(): void;
}

export async function proxyTo(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const answering = new Set<Socket>();
  let silent = false;
  const server: Server = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    answering.add(outgoing);
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        answering.delete(from);
        to.destroy();
      });
      if (silent) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uri = new URL(target);
  // Or else the driver would ask the replica set for its members, and go to them directly.
  uri.searchParams.delete('replicaSet');
  uri.searchParams.set('directConnection', 'true');
  uri.host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return {
    uri: uri.toString(),
    silence() {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    silenceAnswers() {
      for (const socket of answering) socket.pause();
    },
    resume() {
      silent = false;
      for (const socket of sockets) socket.resume();
    },
    break() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
