/** A bearer token of a service account, kept until shortly before it expires. */
export interface Token {
  readonly value: string;
  /** For which the service said it is good. */
  readonly lifeMs: number;
}

/** One that is about to expire would do so on its way. */
const marginMs = 60_000;

/** Fetches a token when there is none that is still good; several who ask at the same time get the same one. */
export class TokenCache {
  readonly #fetch: () => Promise<Token>;
  #kept: { readonly token: Promise<Token>; until: number } | undefined;

  constructor(fetch: () => Promise<Token>) {
    this.#fetch = fetch;
  }

  async get(): Promise<string> {
    if (this.#kept !== undefined && performance.now() < this.#kept.until) return (await this.#kept.token).value;
    const asked = performance.now();
    const kept = { token: this.#fetch(), until: Number.POSITIVE_INFINITY };
    this.#kept = kept;
    try {
      const { value, lifeMs } = await kept.token;
      kept.until = asked + Math.max(lifeMs / 2, lifeMs - marginMs);
      return value;
    } catch (error) {
      this.#kept = undefined;
      throw error;
    }
  }

  /** The service does not take it any more. */
  forget(): void {
    this.#kept = undefined;
  }
}
