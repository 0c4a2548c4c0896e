/** One token of JavaScript or TypeScript. Comments and white space are none. */
export interface Token {
  /** `template`: the text between two places of a template literal. */
  readonly kind: 'name' | 'text' | 'template' | 'number' | 'pattern' | 'sign';
  /** Of a `text` what stands between its quotes, escapes as they are written; of the others all of it. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const space = /[\s\ufeff]+/y;
const lineComment = /\/\/[^\n]*/y;
const blockComment = /\/\*.*?(?:\*\/|$)/sy;
const name = /[#@]?[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /\.?\d(?:[eE][+-]|[\w.])*/y;
const text = /'(?:[^'\\\n]+|\\.)*'?|"(?:[^"\\\n]+|\\.)*"?/sy;
const pattern = /\/(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[\w$]*/y;
const templatePart = /(?:[^`\\$]+|\\.|\$(?!\{))*/sy;
const sign = /=>|\?\.(?!\d)|\.\.\.|\?\?=?|&&=?|\|\|=?|[=!]==?|./sy;

/** Words behind which an expression begins, so that a slash begins a pattern. */
const beforeExpression = new Set(
  'return typeof case in of delete void instanceof new throw else do await yield'.split(' '),
);
const beforeCondition = new Set(['if', 'while', 'for', 'with']);

/**
 * Cuts source into tokens. Never throws: of what is no JavaScript comes what it looks like. Whether a slash divides or
 * begins a pattern is decided by the token before it, as highlighters do; a wrong guess ends with the line.
 */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  /** The opening brackets around the present place: their sign, and the word before a round one. */
  const open: { readonly sign: string; readonly word?: string }[] = [];
  /** The word before the round bracket that was closed last. */
  let closedWord: string | undefined;
  let at = source.startsWith('#!') ? (source.match(/^[^\n]*/)?.[0].length ?? 0) : 0;
  let line = 1;
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    const found = expression.exec(source)?.[0];
    if (found === undefined || found === '') return undefined;
    at += found.length;
    return found;
  };
  const add = (kind: Token['kind'], found: string, shown = found): void => {
    tokens.push({ kind, text: shown, line });
    line += lineBreaks(found);
  };
  const template = (): void => {
    add('template', take(templatePart) ?? '');
    if (source.startsWith('${', at)) {
      open.push({ sign: '${' });
      add('sign', '${');
      at += 2;
    } else at += 1;
  };
  while (at < source.length) {
    const skipped = take(space) ?? take(lineComment) ?? take(blockComment);
    if (skipped !== undefined) {
      line += lineBreaks(skipped);
      continue;
    }
    const last = tokens.at(-1);
    let found = take(name);
    if (found !== undefined) {
      add('name', found);
      continue;
    }
    found = take(number);
    if (found !== undefined) {
      add('number', found);
      continue;
    }
    found = take(text);
    if (found !== undefined) {
      add('text', found, found.slice(1, found.length > 1 && found.endsWith(found.charAt(0)) ? -1 : undefined));
      continue;
    }
    if (source[at] === '`') {
      at += 1;
      template();
      continue;
    }
    found = startsPattern(last, closedWord) ? take(pattern) : undefined;
    if (found !== undefined) {
      add('pattern', found);
      continue;
    }
    const one = take(sign) ?? source.charAt(at++);
    if (one === '(' || one === '[' || one === '{')
      open.push({ sign: one, word: last?.kind === 'name' ? last.text : '' });
    if (one === ')' || one === ']' || one === '}') {
      const opened = open.pop();
      if (one === ')') closedWord = opened?.word;
      add('sign', one);
      if (opened?.sign === '${') template();
      continue;
    }
    add('sign', one);
  }
  return tokens;
}

function startsPattern(last: Token | undefined, closedWord: string | undefined): boolean {
  if (last === undefined) return true;
  if (last.kind === 'name') return beforeExpression.has(last.text);
  if (last.kind !== 'sign') return false;
  if (last.text === ')') return closedWord !== undefined && beforeCondition.has(closedWord);
  return last.text !== ']';
}

function lineBreaks(found: string): number {
  let count = 0;
  for (let at = found.indexOf('\n'); at !== -1; at = found.indexOf('\n', at + 1)) count += 1;
  return count;
}
