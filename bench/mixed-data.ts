import type { Db } from 'mongodb';

const words =
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua'.split(
    ' ',
  );

/** The same numbers in every run, so that sizes can be compared. */
function numbers(): () => number {
  let seed = 1;
  return () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
}

const keys = { people: { age: 1, name: 1 }, orders: { customer: 1 }, events: { at: 1 } } as const;

/**
 * Three collections such as an application has, of about so many bytes of BSON together: people with text, orders with
 * arrays, many small events; each with an index. About as compressible as such data is.
 */
export async function fillMixed(db: Db, bytes: number): Promise<void> {
  const next = numbers();
  const below = (limit: number) => Math.floor(next() * limit);
  const text = (count: number) =>
    Array.from({ length: count }, () => `${words[below(words.length)]}${below(10) < 4 ? below(1e6) : ''}`).join(' ');
  const shapes: Record<keyof typeof keys, () => object> = {
    people: () => ({
      name: text(2),
      email: `${text(1)}@example.org`,
      age: below(90),
      bio: text(30),
      tags: [text(1), text(1)],
    }),
    orders: () => ({
      customer: below(1e6),
      lines: Array.from({ length: 1 + below(8) }, () => ({ sku: below(1e5), price: next() * 100, count: below(5) })),
      at: new Date(next() * 1e12),
      state: ['new', 'paid', 'sent'][below(3)],
    }),
    events: () => ({ type: below(20), at: new Date(next() * 1e12), value: next() }),
  };
  /** Mean sizes in BSON, measured; only shares of the whole follow from them. */
  const shares = { people: [0.6, 410], orders: [0.3, 350], events: [0.1, 71] } as const;
  for (const name of ['people', 'orders', 'events'] as const) {
    const [share, size] = shares[name];
    const collection = db.collection(name);
    for (let left = Math.ceil((bytes * share) / size); left > 0; left -= 5000)
      await collection.insertMany(Array.from({ length: Math.min(5000, left) }, shapes[name]), { ordered: false });
    await collection.createIndex(keys[name]);
  }
}
