/** `major.minor` of a server version; patch releases of one are interchangeable for a rehearsal. */
export function majorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** Whether a rehearsal on the one shows what happens on the other. */
export function isSameMajor(a: string, b: string): boolean {
  return majorOf(a) === majorOf(b);
}

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`; by major and minor only. */
export function compareMajors(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
