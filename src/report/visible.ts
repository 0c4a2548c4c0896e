/**
 * Control characters, and those that turn the direction of text round: a name that holds them could paint over other
 * lines of a terminal, or read as another name.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The text with invisible characters made visible; line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(invisible, '\ufffd');
}

/** The same on one line, and no longer than `most` characters. */
export function oneLine(text: string, most = 400): string {
  const line = visible(text).replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
