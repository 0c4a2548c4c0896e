import { createServer, type Server, type ServerResponse } from 'node:http';
import { City } from './models/index.ts';
import { citiesNear, type Place } from './near.ts';
import { readiness, rememberSource } from './readiness.ts';

/**
 * GET /healthz                        what the database can serve; 503 when it does not answer
 * GET /cities/near?lat=…&lng=…&km=…   the nearest cities, by index or, until the migration is through, by scan
 * GET /cities/SLUG                    one city
 *
 * Expects Mongoose's default connection to be open. `rememberMs`: how long it trusts what it saw of the schema.
 */
export function createApp({ rememberMs = 5000 } = {}): Server {
  const source = rememberSource(rememberMs);

  async function answer(url: URL, response: ServerResponse): Promise<void> {
    if (url.pathname === '/healthz') {
      const now = await readiness().catch(() => undefined);
      return now ? send(response, 200, { status: 'ok', ...now }) : send(response, 503, { status: 'no database' });
    }
    if (url.pathname === '/cities/near') {
      const place = placeIn(url.searchParams);
      if (!place) return send(response, 400, { error: 'lat, lng and km are numbers: 52.5, 13.4 and up to 500' });
      const from = await source();
      return send(response, 200, { source: from, cities: await citiesNear(place, from) });
    }
    const slug = /^\/cities\/([^/]+)$/.exec(url.pathname)?.[1];
    const city = slug && (await City.findOne({ slug: decodeURIComponent(slug) }, { _id: 0, __v: 0 }).lean());
    return city ? send(response, 200, city) : send(response, 404, { error: 'not found' });
  }

  return createServer((request, response) => {
    if (request.method !== 'GET') return send(response, 405, { error: 'GET only' });
    answer(new URL(request.url ?? '/', 'http://app'), response).catch((error: unknown) => {
      if (error instanceof URIError) return send(response, 400, { error: 'the address is not well encoded' });
      console.error(error);
      send(response, 500, { error: 'something went wrong' });
    });
  });
}

function placeIn(query: URLSearchParams): Place | undefined {
  const [lat, lng, km] = ['lat', 'lng', 'km'].map((name) => Number(query.get(name) || Number.NaN));
  const fits = (value: number | undefined, most: number): value is number => Math.abs(value ?? Number.NaN) <= most;
  return fits(lat, 90) && fits(lng, 180) && fits(km, 500) && km > 0 ? { lat, lng, km } : undefined;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
