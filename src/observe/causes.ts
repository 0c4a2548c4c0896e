/**
 * The chain of an error's causes with their stack traces, for `--debug`. What a server or a parser says may quote a
 * document, also to somebody who debugs: of those the message is left out, and name, code and places stay.
 */
export function describeCauses(error: Error): string {
  const chain: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && chain.length < 10; cause = cause.cause)
    chain.push(describe(cause));
  return chain.join('\ncaused by ');
}

function describe(error: Error): string {
  const { code, codeName } = error as { code?: unknown; codeName?: unknown };
  const quotes = typeof code === 'number' || error.name === 'MongoBulkWriteError' || error instanceof SyntaxError;
  if (!quotes) return error.stack ?? String(error);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const known = [code, codeName].filter((part) => part !== undefined).join(' ');
  return [`${error.name}${known === '' ? '' : ` ${known}`} (its message may hold values)`, ...frames].join('\n');
}
