import { ReleaseError } from '../../observe/error.ts';
import type { Look, Probe, ProbeOf } from '../probe.ts';

/** A health page is small; a body that is larger is not read on for the text. */
const largestBody = 1024 * 1024;
const mostRedirects = 5;

/**
 * Asks an address and compares status and, where the settings say so, looks for a text in the body.
 *
 * A redirect is followed only where it leads to the same page: the same host and path, but for https instead of http and
 * a slash at the end. Anything else, a login page for one, is not what the probe was asked to look at. No answer, a
 * refused connection and a time limit are `unknown`. The address itself is never shown: it may hold a token.
 *
 * Throws `CONFIG_INVALID` when the environment variable is not set or holds no address.
 */
export function httpProbe(settings: ProbeOf<'http'>, resolveEnv: (name: string) => string | undefined): Probe {
  const { status, 'body-contains': text } = settings.http;
  const { url, headers } = address(settings, resolveEnv);
  return {
    name: settings.name,
    expected: `status ${status}${text === undefined ? '' : `, a body with ${quoted(text)}`}`,
    async look(timeoutMs, signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const response = await follow(url, headers, status, limit);
        if ('seen' in response) return response;
        if (response.status !== status) {
          await response.body?.cancel();
          return { state: 'failed', seen: `status ${response.status}` };
        }
        if (text === undefined) {
          await response.body?.cancel();
          return { state: 'passed', seen: `status ${response.status}` };
        }
        return await lookIntoBody(response, text);
      } catch (error) {
        return { state: 'unknown', seen: limit.aborted ? `no answer within ${timeoutMs / 1000} s` : noAnswer(error) };
      }
    },
  };
}

function address(settings: ProbeOf<'http'>, resolveEnv: (name: string) => string | undefined) {
  const { 'url-env': name, url: written, path } = settings.http;
  const value = written ?? (name === undefined ? undefined : resolveEnv(name));
  if (!value) {
    throw new ReleaseError(
      'CONFIG_INVALID',
      `Probe "${settings.name}" asks the address in ${name}, which is not set.`,
      {
        hint: `Set ${name} to the address of the application, for example https://shop.example.com.`,
      },
    );
  }
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ReleaseError('CONFIG_INVALID', `Probe "${settings.name}": ${name ?? 'url'} holds no http(s) address.`, {
      hint: `Set ${name ?? 'url'} to an address such as https://shop.example.com.`,
    });
  }
  if (path !== undefined) {
    // Put behind the address's own path: an application that is served below /app has its health page there too.
    const wanted = new URL(path, 'http://path');
    url.pathname = url.pathname.replace(/\/$/, '') + wanted.pathname;
    url.search = wanted.search;
  }
  const headers: Record<string, string> = { 'user-agent': 'mongo-release' };
  if (url.username !== '' || url.password !== '') {
    // fetch refuses addresses with credentials in them.
    const pair = `${decoded(url.username)}:${decoded(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  return { url, headers };
}

/** A percent sign that encodes nothing stands for itself, as it does for browsers. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function follow(
  start: URL,
  headers: Record<string, string>,
  expected: number,
  signal: AbortSignal,
): Promise<Response | Look> {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    const location = response.headers.get('location');
    const redirected = response.status >= 300 && response.status < 400 && location !== null;
    if (!redirected || response.status === expected) return response;
    await response.body?.cancel();
    const next = URL.parse(location, url.href);
    if (next === null || !samePage(url, next)) {
      return { state: 'failed', seen: `status ${response.status}, a redirect to another page` };
    }
    if (redirects === mostRedirects) return { state: 'failed', seen: `more than ${mostRedirects} redirects` };
    url = next;
  }
}

function samePage(from: URL, to: URL): boolean {
  const path = (url: URL) => url.pathname.replace(/\/$/, '') + url.search;
  const safe = to.protocol === 'https:' || to.protocol === from.protocol;
  // Another scheme has another port by nature.
  const host = to.protocol === from.protocol ? from.host === to.host : from.hostname === to.hostname;
  return safe && host && path(from) === path(to);
}

async function lookIntoBody(response: Response, text: string): Promise<Look> {
  const status = `status ${response.status}`;
  const decoder = new TextDecoder();
  let body = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    body += decoder.decode(chunk, { stream: true });
    if (body.includes(text)) return { state: 'passed', seen: `${status}, a body with the text` };
    if (bytes > largestBody)
      return { state: 'unknown', seen: `${status}, the text is not in the first MiB of the body` };
  }
  return { state: 'failed', seen: `${status}, a body without the text` };
}

/** The system's name for what went wrong, such as ECONNREFUSED: the text of the error may hold the address. */
function noAnswer(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)) return `no answer: ${code}`;
  }
  return 'no answer: the connection failed';
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
