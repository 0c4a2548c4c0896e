import fc from 'fast-check';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DownDocumentProcess } from '../../../src/migration/down-document.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { RenameEvidence } from '../../../src/migration/undo/renames.ts';
import { insertRaw } from '../../../src/mongo/raw-write.ts';
import { makeProject, type Project, settings } from '../project.ts';
import { cutOff, growing } from './cut-off.ts';
import { type Journalled, own } from './journalled.ts';
import { bytes, edit, type Fields, fields, fieldsOf, modelOf, shown, updateOf } from './random-documents.ts';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. A failure prints its seed. */
const numRuns = Number(process.env.UNDO_RUNS ?? 10);
const seed = Number(process.env.UNDO_SEED ?? 20_265);

let project: Project;

beforeAll(async () => {
  project = await makeProject({
    // What nothing else does.
    'marks.js': 'module.exports = { up() {}, downDocument: (document) => ({ ...document, down: true }) };',
  });
});
afterAll(() => project[Symbol.asyncDispose]());

async function statesOf(journal: Journalled, collection: string): Promise<Map<number, Fields>> {
  const documents = [...(await journal.documents(collection)).values()];
  return new Map(documents.map((document) => [document.readInt32LE(9), fieldsOf(document)]));
}

function sorted(fields: Iterable<readonly [string, unknown]>, typed = true): string[] {
  return [...fields].map(([name, value]) => `${name} ${shown(value, { typed })}`).sort();
}

const edits = fc.array(edit, { minLength: 2, maxLength: 4 });
const nth = fc.nat(3);

test.each([
  ['by itself', false],
  ['by downDocument where users meet it', true],
])(
  'random documents go back as the model says, %s; the forecast has the numbers, a cut and a second time change nothing',
  async (_, withDown) => {
    await using s = await setting(async () => {});
    await using down = new DownDocumentProcess(project.file('marks.js'), {
      ...settings(project.dir),
      log: project.log,
    });
    const ask = withDown ? down.ask.bind(down) : undefined;
    let number = 0;
    let cuts = 0;
    const met = { back: 0, left: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fields, { minLength: 3, maxLength: 6 }),
        edits,
        fc.array(fc.tuple(nth, edit), { minLength: 1, maxLength: 8 }),
        fc.array(fields, { maxLength: 3 }),
        fc.integer({ min: 3, max: 15 }),
        async (documents, operations, byUsers, created, cutAfter) => {
          number += 1;
          s.journal.attempt = { migration: '0001-random', number };
          s.journal.sequence = 0;
          const name = `a${number}`;
          await insertRaw(s.db, name, [documents.map((one, _id) => bytes(one, _id))]);
          const a = s.db.collection<Numbered>(name);
          const was = await statesOf(s.journal, name);
          await s.journal.write(name, async (session) => {
            for (const one of operations) await a.updateMany({}, updateOf(one), { session });
          });
          const made = await statesOf(s.journal, name);
          for (const [_id, one] of byUsers) await a.updateOne({ _id }, updateOf(one));
          await insertRaw(s.db, name, [created.map((one, i) => bytes(one, 100 + i))]);
          const now = await statesOf(s.journal, name);
          const evidence = new RenameEvidence();
          for (const [_id, old] of was) {
            const changed = made.get(_id);
            if (changed !== undefined && shown(old) !== shown(changed)) evidence.add(bytes(old), bytes(changed));
          }
          const [forecast] = await forecastUndo(s.connection, own, [{ ...s.journal.attempt, ask }]);

          const cut = await cutOff(s.connection, growing(cutAfter), (signal) =>
            s.undo({ mode: 'tolerant', ask, signal }),
          );
          cuts += cut.cuts;
          const { state, ...numbers } = cut.result;
          expect(state).toBe('undone');
          expect(numbers).toMatchObject(forecast!);
          const after = await s.journal.documents(name);
          const states = await statesOf(s.journal, name);
          const left: number[] = [];
          // Of a collection of which it changed nothing nobody is asked.
          const changedAny = [...was].some(([_id, old]) => sorted(old).join() !== sorted(made.get(_id) ?? []).join());
          for (const [_id, current] of now) {
            const [old, changed] = [was.get(_id), made.get(_id)];
            // What the operations left as it was is none of theirs.
            const known = old !== undefined && changed !== undefined && sorted(old).join() !== sorted(changed).join();
            const model = known ? modelOf(old, changed, current, evidence.isRename) : new Map(current);
            if (model === undefined) left.push(_id);
            else if (known) met.back += 1;
            const back = new Map(model ?? current);
            const asked = withDown && changedAny && (!known || model === undefined);
            if (asked) back.set('down', true);
            // A number that it gives back has the type that the migration met in that place.
            const fields = sorted(states.get(_id) ?? [], !asked);
            expect(fields, `document ${_id}`).toEqual(sorted(back, !asked));
            if (known && sorted(changed).join() === sorted(current).join()) {
              expect(after.get(`16:${String.fromCharCode(_id)}\0\0\0`)).toEqual(Buffer.from(bytes(old, _id)));
            }
          }
          met.left += left.length;
          const brought = (forecast?.downDocuments ?? 0) - (forecast?.downCreated ?? 0);
          expect({ brought, changed: forecast?.changed }).toEqual({
            brought: withDown ? left.length : 0,
            changed: (await s.journal.changed()).size,
          });
          expect(forecast?.asBefore).toBeGreaterThanOrEqual(0);
          const kept = await s.db
            .collection(own.quarantine)
            .find({ attempt: number, before: { $exists: true } })
            .toArray();
          expect(kept.map(({ documentId }) => documentId).sort()).toEqual(left.sort());
          expect(new Set(kept.map(({ why }) => why))).toEqual(
            new Set(left.map(() => (withDown ? 'down-document' : 'undo'))),
          );

          const twice = await s.undo({ mode: 'tolerant', ask });
          expect(twice).toMatchObject({ state: 'undone', documents: forecast?.documents, merged: forecast?.merged });
          expect(await s.journal.documents(name)).toEqual(after);
        },
      ),
      { numRuns, seed },
    );
    expect({ cuts: cuts > 0, back: met.back > 0, left: met.left > 0 }).toEqual({ cuts: true, back: true, left: true });
  },
);
