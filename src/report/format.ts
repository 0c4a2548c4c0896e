const thousands = new Intl.NumberFormat('en-US');

/** `1,234,567`. */
export function formatCount(count: number): string {
  return thousands.format(count);
}

/** `1,234 documents`, `1 document`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `340 ms`, `1.2 s`, `2 min 3 s`, `1 h 5 min`; milliseconds in. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** `512 B`, `1.5 MB`: powers of 1000, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  // 999.95 would be shown as 1000.0.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `2026-10-01 12:30:05 UTC`, from a date or an ISO text; a text that is no date as it stands. */
export function formatTime(time: Date | string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `350 MB`, or `1.2 GB to 2.4 GB` where that is told apart. */
export function formatBytesBetween(least: number, most: number): string {
  const [from, to] = [formatBytes(least), formatBytes(most)];
  return from === to ? from : `${from} to ${to}`;
}
