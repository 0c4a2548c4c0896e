/**
 * About how many bytes of BSON a value is, counted no further than `enough`. Without the driver's own function, whose
 * BSON refuses the objects of another major.
 */
export function bsonSize(value: unknown, enough: number): number {
  let bytes = 0;
  const count = (inner: unknown): void => {
    if (bytes > enough) return;
    if (typeof inner === 'string') bytes += 5 + Buffer.byteLength(inner);
    else if (typeof inner !== 'object' || inner === null || inner instanceof Date) bytes += 8;
    else if (ArrayBuffer.isView(inner)) bytes += 5 + inner.byteLength;
    else if (Array.isArray(inner)) {
      bytes += 5;
      for (const [index, entry] of inner.entries()) {
        bytes += 2 + String(index).length;
        count(entry);
      }
    } else if ('_bsontype' in inner) bytes += bsonTypeSize(inner);
    else {
      bytes += 5;
      for (const [name, entry] of inner instanceof Map ? inner : Object.entries(inner)) {
        bytes += 2 + Buffer.byteLength(String(name));
        count(entry);
      }
    }
  };
  count(value);
  return bytes;
}

function bsonTypeSize(value: object): number {
  const { buffer, code, value: text } = value as { buffer?: unknown; code?: unknown; value?: unknown };
  if (ArrayBuffer.isView(buffer)) return 5 + buffer.byteLength;
  if (typeof code === 'string') return 5 + Buffer.byteLength(code);
  if (typeof text === 'string') return 5 + Buffer.byteLength(text);
  return 16;
}
