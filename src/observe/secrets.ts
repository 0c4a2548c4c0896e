import { ReleaseError } from './error.ts';

const hidden = '***';

/** What people write, also where it is a single word. */
const freeTexts: ReadonlySet<string> = new Set(['message', 'hint', 'reason', 'why', 'note', 'next']);

/** Shorter strings are not hidden: replacing every "a" would destroy the text and still tell the secret. */
const shortestSecret = 3;

/**
 * The secrets of this run, and the scrubber of every text that leaves it.
 *
 * A connection string is added by `addUri`: the whole string, the password as written and the password decoded, each
 * also in the encoded forms in which it turns up in other texts (percent-encoded, base64, JSON).
 */
export class Secrets {
  readonly #values = new Set<string>();
  readonly #onAdd: ((value: string) => void) | undefined;

  /** `onAdd` is called once with every value that becomes secret, for doors that mask on their own (`add-mask`). */
  constructor(onAdd?: (value: string) => void) {
    this.#onAdd = onAdd;
  }

  add(value: string | undefined): void {
    if (value === undefined) return;
    for (const form of [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString('base64'),
    ]) {
      if (form.length < shortestSecret || this.#values.has(form)) continue;
      this.#values.add(form);
      this.#onAdd?.(form);
    }
  }

  addUri(uri: string | undefined): void {
    if (uri === undefined) return;
    this.add(uri);
    for (const password of rawPasswords(uri)) {
      this.add(password);
      this.add(decoded(password));
    }
  }

  scrub(text: string): string {
    let clean = text;
    // The longest first, so that a password inside a connection string does not leave the rest of the string standing.
    for (const value of [...this.#values].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(value, hidden);
    return clean;
  }

  /**
   * The same for a result, before a document is made of it: every text in it. Words of ours, names, ids, digests and dates
   * stay as they are, since a password that is one of them (`release`, `2026`) is not told by it, and a document with
   * another word in its place is broken.
   */
  scrubTexts<T>(value: T): T {
    return (this.#values.size === 0 ? value : this.#scrubIn(value)) as T;
  }

  #scrubIn(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return freeTexts.has(key) || isText(value) ? this.scrub(value) : value;
    if (Array.isArray(value)) return value.map((one) => this.#scrubIn(one, key));
    if (value instanceof ReleaseError) {
      const { code, message, hint, cause, details } = value;
      return new ReleaseError(code, this.scrub(message), {
        ...{ hint: this.scrub(hint), cause },
        details: this.#scrubIn(details) as typeof details,
      });
    }
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#scrubIn(inner, name)]));
  }
}

/** More than one word, or an address that may hold a password. */
function isText(value: string): boolean {
  return /\s|:\/\/[^/]*@/.test(value);
}

/**
 * What may be the password as it stands in the connection string. An `@`, `/` or `?` that is not encoded may belong to
 * it, which the URL parser refuses, or an `@` to the options behind it: both readings count.
 */
function rawPasswords(uri: string): string[] {
  const rest = /^[a-z+]+:\/\/(.*)$/is.exec(uri)?.[1] ?? '';
  const authority = /^[^/?]*/.exec(rest)?.[0] ?? '';
  return [...new Set([rest, authority])].flatMap((text) => {
    const user = text.slice(0, Math.max(0, text.lastIndexOf('@')));
    const colon = user.indexOf(':');
    return colon < 0 ? [] : [user.slice(colon + 1)];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
