import { createHash } from 'node:crypto';

/** The text of a small JSON file of ours, with a checksum over all of it as its last field. */
export function encodeChecked(value: object): string {
  return `${JSON.stringify({ ...value, checksum: checksumOf(value) }, null, 2)}\n`;
}

export type CheckedJson =
  | { readonly state: 'no-json'; readonly cause: unknown }
  | { readonly state: 'no-object' }
  /** `changed`: since `encodeChecked` wrote it. */
  | { readonly state: 'intact' | 'changed'; readonly value: Record<string, unknown> };

export function decodeChecked(text: string): CheckedJson {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    return { state: 'no-json', cause };
  }
  if (typeof parsed !== 'object' || parsed === null) return { state: 'no-object' };
  const { checksum, ...value } = parsed as Record<string, unknown>;
  return { state: checksum === checksumOf(value) ? 'intact' : 'changed', value };
}

/** SHA-256 (hex) of the compact JSON: the order of fields is the file's own. */
function checksumOf(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
