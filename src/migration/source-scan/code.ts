import { type Token, tokensOf } from './tokens.ts';

/** A call such as `cities.updateMany(filter, update)`, by the places of its tokens. */
export interface Call {
  /** Of the function or method: `updateMany`. */
  readonly name: string;
  /** What stands before the dot, where that is a name: `cities`. */
  readonly on?: string;
  /** Whether it is `new NAME(…)`. */
  readonly constructs: boolean;
  readonly line: number;
  /** Where the name is. */
  readonly at: number;
  /** Of the opening and closing bracket of its arguments. */
  readonly from: number;
  readonly to: number;
}

const opening: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '${': '}' };
const closing = new Set(Object.values(opening));
/** Words that stand before a round bracket and call nothing. */
const noCalls = new Set('if for while switch catch with function return await typeof'.split(' '));

/** The tokens of a file with what belongs together in them. */
export class Code {
  readonly tokens: readonly Token[];
  readonly calls: readonly Call[];
  /** Of each bracket the place of its counterpart. */
  readonly #partners: ReadonlyMap<number, number>;

  /** `leaveOut`: names of functions and methods whose bodies are not looked at. */
  constructor(source: string, leaveOut: readonly string[] = []) {
    const all = tokensOf(source);
    this.tokens = leaveOut.length === 0 ? all : without(all, leaveOut);
    this.#partners = partnersOf(this.tokens);
    this.calls = this.tokens.flatMap((_, at) => this.#callAt(at) ?? []);
  }

  /** The text of a token; undefined outside of the file. */
  text(at: number): string | undefined {
    return this.tokens[at]?.text;
  }

  /** Where the bracket is closed that is opened at this place; the last token where it never is. */
  closeOf(at: number): number {
    return this.#partners.get(at) ?? this.tokens.length - 1;
  }

  /** Where the bracket was opened that is closed at this place; undefined where it never was. */
  openOf(at: number): number | undefined {
    return this.#partners.get(at);
  }

  /** Whether a token is a property's name, as in `{ $out: 1 }`, `{ '$out': 1 }`, `{ upsert }`. */
  isKey(at: number): boolean {
    const token = this.tokens[at];
    if (token?.kind !== 'name' && token?.kind !== 'text') return false;
    const before = this.text(at - 1);
    const after = this.text(at + 1);
    if (before !== '{' && before !== ',') return false;
    return after === ':' || (token.kind === 'name' && (after === ',' || after === '}'));
  }

  /** Whether a call has an object with this key in its arguments, at any depth. */
  hasKey(call: Call, key: string | RegExp): boolean {
    for (let at = call.from; at < call.to; at += 1) {
      const text = this.text(at) ?? '';
      if ((typeof key === 'string' ? text === key : key.test(text)) && this.isKey(at)) return true;
    }
    return false;
  }

  /** Whether a call stands behind another one of the same chain, as `toArray` does in `find({}).toArray()`. */
  next({ to }: Call): Call | undefined {
    if (this.text(to + 1) !== '.' && this.text(to + 1) !== '?.') return undefined;
    return this.calls.find((call) => call.at === to + 2);
  }

  #callAt(at: number): Call | undefined {
    const token = this.tokens[at];
    if (token?.kind !== 'name' || noCalls.has(token.text)) return undefined;
    const from = this.#argumentsAt(at + 1);
    if (from === undefined || this.text(at - 1) === 'function') return undefined;
    const to = this.closeOf(from);
    // `async up(context) { … }` is a method's beginning, and no call.
    if (this.text(to + 1) === '{') return undefined;
    const member = this.text(at - 1) === '.' || this.text(at - 1) === '?.';
    const owner = member ? this.tokens[at - 2] : undefined;
    return {
      name: token.text,
      ...(owner?.kind === 'name' && { on: owner.text }),
      constructs: this.#isConstructed(at),
      ...{ line: token.line, at, from, to },
    };
  }

  /** Where the arguments begin behind a name: at once, behind `?.`, or behind types as in `collection<City>(…)`. */
  #argumentsAt(at: number): number | undefined {
    const sign = this.text(at);
    if (this.tokens[at]?.kind !== 'sign') return undefined;
    if (sign === '(') return at;
    if (sign === '?.') return this.text(at + 1) === '(' ? at + 1 : undefined;
    if (sign !== '<') return undefined;
    let depth = 0;
    for (let i = at; i < Math.min(at + 60, this.tokens.length); i += 1) {
      const text = this.text(i);
      if (text === '<') depth += 1;
      if (text === '>') depth -= 1;
      if (text === ';' || text === '=>' || text === '&&' || text === '||') return undefined;
      if (depth === 0) return this.text(i + 1) === '(' ? i + 1 : undefined;
    }
    return undefined;
  }

  #isConstructed(at: number): boolean {
    let first = at;
    while (this.text(first - 1) === '.' && this.tokens[first - 2]?.kind === 'name') first -= 2;
    return this.text(first - 1) === 'new';
  }
}

function partnersOf(tokens: readonly Token[]): Map<number, number> {
  const partners = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'sign') continue;
    if (opening[text] !== undefined) open.push(at);
    if (!closing.has(text)) continue;
    // What is closed without having been opened is skipped, and so is what is never closed.
    const last = open.findLastIndex((from) => opening[tokens[from]?.text ?? ''] === text);
    if (last === -1) continue;
    const from = open[last] as number;
    open.length = last;
    partners.set(from, at);
    partners.set(at, from);
  }
  return partners;
}

/** The tokens without the functions of these names, however they are written: method, property, export, declaration. */
function without(tokens: readonly Token[], names: readonly string[]): Token[] {
  const partners = partnersOf(tokens);
  const kept: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    const end = token.kind === 'name' && names.includes(token.text) ? functionEnd(tokens, partners, at) : undefined;
    if (end === undefined) kept.push(token);
    else at = end;
  }
  return kept;
}

/** Where the function ends that is defined with the name at this place; undefined where none is. */
function functionEnd(tokens: readonly Token[], partners: ReadonlyMap<number, number>, at: number): number | undefined {
  const text = (i: number) => tokens[i]?.text;
  const before = text(at - 1);
  if (before === '.' && text(at - 2) !== 'exports') return undefined;
  let i = at + 1;
  const assigned = text(i) === '=' || text(i) === ':';
  if (assigned) {
    i += 1;
    if (text(i) === 'async') i += 1;
    if (text(i) === 'function') i += 1;
    if (text(i) === '*') i += 1;
    if (tokens[i]?.kind === 'name' && text(i + 1) === '(') i += 1;
    if (tokens[i]?.kind === 'name' && text(i + 1) === '=>') return bodyEnd(tokens, partners, i + 2);
  }
  if (text(i) !== '(') return undefined;
  const parameters = partners.get(i);
  if (parameters === undefined) return undefined;
  // A type may stand between the parameters and the body: `: Promise<void> {`.
  for (let j = parameters + 1; j < Math.min(parameters + 30, tokens.length); j += 1) {
    if (text(j) === '{') return partners.get(j);
    if (text(j) === '=>') return bodyEnd(tokens, partners, j + 1);
    if (text(j) === ';' || text(j) === ',' || text(j) === ')' || text(j) === '=') return undefined;
  }
  return undefined;
}

/** The end of an arrow function's body: a block, or an expression up to the next comma, semicolon or bracket. */
function bodyEnd(tokens: readonly Token[], partners: ReadonlyMap<number, number>, from: number): number | undefined {
  if (tokens[from]?.text === '{') return partners.get(from);
  for (let at = from; at < tokens.length; at += 1) {
    const { kind, text, line } = tokens[at] as Token;
    // Without a semicolon the next statement begins with a word on a line of its own.
    if (at > from && kind === 'name' && line > (tokens[at - 1]?.line ?? 0) && endsExpression(tokens[at - 1]))
      return at - 1;
    if (kind !== 'sign') continue;
    if (opening[text] !== undefined) at = partners.get(at) ?? tokens.length;
    else if (text === ',' || text === ';' || closing.has(text)) return at - 1;
  }
  return tokens.length - 1;
}

function endsExpression(token: Token | undefined): boolean {
  return token !== undefined && (token.kind !== 'sign' || closing.has(token.text));
}
