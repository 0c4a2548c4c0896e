// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const colours = /\u001b\[\d+m/g;

/** Narrower than this a line is easier to read as the terminal breaks it. */
const leastWidth = 40;

/** A line as lines of at most `width` columns, as far as it has places to be broken at: what follows is as far in, and a little more. */
export function wrapped(line: string, width: number): string[] {
  if (width < leastWidth || lengthOf(line) <= width) return [line];
  const [indentation = ''] = /^\s*/.exec(line) ?? [];
  const further = `${indentation}  `;
  const lines: string[] = [];
  let rest = line.slice(indentation.length);
  let before = indentation;
  for (;;) {
    const room = width - before.length;
    const at = lengthOf(rest) <= room ? -1 : breakAt(rest, room);
    if (at < 0) return [...lines, before + rest];
    lines.push((before + rest.slice(0, at)).trimEnd());
    rest = rest.slice(at).trimStart();
    before = further;
  }
}

/** Of the last space that is still within the room, else of the first one behind it; -1 where there is none. */
function breakAt(text: string, room: number): number {
  let at = -1;
  for (let space = text.indexOf(' '); space >= 0; space = text.indexOf(' ', space + 1)) {
    if (at >= 0 && lengthOf(text.slice(0, space)) > room) return at;
    if (text.slice(space).trim() !== '') at = space;
  }
  return at;
}

function lengthOf(text: string): number {
  return text.replace(colours, '').length;
}
