import { AtlasClient, type AtlasOptions, type AtlasTiming } from '../../../src/backup/atlas/client.ts';
import { Log } from '../../../src/observe/log.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { AtlasStandIn } from './stand-in.ts';

/** The real pauses would be minutes. */
const quick: AtlasTiming = { requestLimit: 5000, attempts: 4, firstPause: 2, longestPause: 10 };

export interface Asking extends AsyncDisposable {
  readonly atlas: AtlasStandIn;
  readonly client: AtlasClient;
  readonly messages: string[];
  clientWith(change: Partial<AtlasOptions>): AtlasClient;
}

/** A client of a stand-in of its own. */
export async function asking(): Promise<Asking> {
  const atlas = await AtlasStandIn.start();
  const messages: string[] = [];
  const clientWith = (change: Partial<AtlasOptions>) => {
    const { api, clientId, clientSecret } = atlas;
    const secrets = new Secrets();
    const log = new Log(({ message, fields }) => messages.push(`${message} ${JSON.stringify(fields)}`), secrets);
    const variables = { id: 'MONGODB_ATLAS_CLIENT_ID', secret: 'MONGODB_ATLAS_CLIENT_SECRET' };
    return new AtlasClient({ api, clientId, clientSecret, variables, secrets, log, timing: quick, ...change });
  };
  return {
    ...{ atlas, messages, clientWith, client: clientWith({}) },
    [Symbol.asyncDispose]: () => atlas[Symbol.asyncDispose](),
  };
}
