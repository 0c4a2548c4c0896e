/**
 * Numbers the chunks of a bundle by what is in them. The packer's own numbers depend on the order in which modules
 * happened to be resolved, so that two builds of equal sources could differ in nothing but these.
 */
export function numberChunks(files: ReadonlyMap<string, string>): Map<string, string> {
  const chunks = [...files].flatMap(([name, content]) => {
    const number = /^(\d+)\.index\.js$/.exec(name)?.[1];
    return number === undefined ? [] : [{ number, modules: modulesOf(content) }];
  });
  chunks.sort((a, b) => (a.modules < b.modules ? -1 : 1));
  const numbers = new Map(chunks.map(({ number }, index) => [number, String(index + 1)]));
  const renumber = (old: string) => {
    const number = numbers.get(old);
    if (number === undefined) throw new Error(`the bundle names chunk ${old}, which it does not have`);
    return number;
  };
  const renamed = new Map<string, string>();
  for (const [name, content] of files) {
    const numbered = content
      // A chunk that holds all of another one's modules names that, too: once it is loaded, the other one is not.
      .replace(/^export const id = (\d+);\nexport const ids = \[([\d,]+)\];/, (_, old, all: string) => {
        return `export const id = ${renumber(old)};\nexport const ids = [${all.split(',').map(renumber)}];`;
      })
      .replaceAll(
        /(__(?:webpack|nccwpck)_require__\.e\((?:\/\* import\(\) \*\/ )?)(\d+)\)/g,
        (_, call, old) => `${call}${renumber(old)})`,
      );
    renamed.set(
      name.replace(/^(\d+)(?=\.index\.js$)/, (old) => renumber(old)),
      numbered,
    );
  }
  return renamed;
}

/** The ids of a chunk's modules in one text; they are made from the modules' paths. */
function modulesOf(content: string): string {
  return [...content.matchAll(/^\/\*{3}\/ (\d+):$/gm)]
    .map((match) => match[1])
    .sort()
    .join();
}
