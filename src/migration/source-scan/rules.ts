import type { Severity } from '../../observe/finding.ts';
import type { Call, Code } from './code.ts';

/** One place of a file: what stands there, in words that are its author's code and no values. */
export interface Place {
  readonly what: string;
  readonly line: number;
}

/** What the text of a migration says about how it can be run. */
export interface SourceRule {
  readonly id: string;
  readonly severity: Exclude<Severity, 'error'>;
  find(code: Code): readonly Place[];
  /** A sentence about the migration; `what` are the places' words, listed. */
  readonly message: (what: string) => string;
  readonly next: string;
  /** What it takes away from a run. `images`: neither can it be taken up for certain, nor undone. */
  readonly costs?: 'resuming' | 'batches' | 'images';
  /** Of no interest where the migration runs without a journal, or in one transaction. */
  readonly ofJournal?: true;
  /** Not so where the journal keeps no images. */
  readonly ofImages?: true;
}

const called = (code: Code, fits: (call: Call) => boolean, shown = (call: Call) => `${call.name}()`): Place[] =>
  code.calls.filter(fits).map((call) => ({ what: shown(call), line: call.line }));

const keyed = (code: Code, keys: readonly string[]): Place[] =>
  code.tokens.flatMap(({ text, line }, at) => (keys.includes(text) && code.isKey(at) ? [{ what: text, line }] : []));

const dotted = ({ on, name, constructs }: Call) =>
  `${constructs ? 'new ' : ''}${on === undefined ? '' : `${on}.`}${name}()`;

const many = new Set(['updateMany', 'deleteMany']);
const writes = new Set(
  'insertOne insertMany updateOne updateMany replaceOne deleteOne deleteMany findOneAndUpdate findOneAndReplace findOneAndDelete bulkWrite save'.split(
    ' ',
  ),
);

const pipelines: SourceRule = {
  id: 'run-not-in-transactions',
  severity: 'warning',
  find: (code) => [...keyed(code, ['$merge']), ...called(code, ({ name }) => name === 'mapReduce')],
  message: (what) =>
    `writes with ${what}, which no transaction takes, and no images are kept of it: killed in the middle of that it stops with exit code 8, since nobody knows how far it got; killed later it is taken up, but it cannot be undone`,
  next: 'Use updateMany with a pipeline, or batch; $out into a collection of its own can be taken up and undone.',
  costs: 'images',
};

const dropsCollection: SourceRule = {
  id: 'run-drops-collection',
  severity: 'note',
  find: (code) => [
    ...called(code, ({ name, from, to }) =>
      name === 'drop' ? to === from + 1 : name === 'dropCollection' || name === 'dropDatabase',
    ),
    ...called(
      code,
      (call) =>
        /^(?:rename|renameCollection|(?:admin|run)?[cC]ommand)$/.test(call.name) && code.hasKey(call, 'dropTarget'),
      ({ name }) => `${name}() with dropTarget`,
    ),
    ...keyed(code, ['$out']),
  ],
  message: (what) =>
    `drops or replaces a collection (${what}): the old one is put aside as _mongo_release.dropped.UUID for at least 30 days, and takes its space until then`,
  next: 'docs/rollback.md says how it is brought back. The way down cannot: let it make the collection anew, or have a backup behind it.',
  ofJournal: true,
  ofImages: true,
};

const specialCollections: SourceRule = {
  id: 'run-special-collection',
  severity: 'note',
  find: (code) =>
    called(
      code,
      (call) => /^create(Collection)?$/.test(call.name) && code.hasKey(call, /^(timeseries|capped)$/),
      ({ name }) => `${name}() of a capped or time-series collection`,
    ),
  message: (what) =>
    `uses ${what}: writes to it are in no transaction, so a kill in the middle of one stops it with exit code 8, and none of them can be undone`,
  next: 'Fill it in a migration of its own, with as few calls as can be.',
  costs: 'images',
};

const timeOrRandom: SourceRule = {
  id: 'run-time-or-random-value',
  severity: 'note',
  find: (code) =>
    called(
      code,
      (call) => {
        const bare = call.to === call.from + 1;
        if (call.constructs) return bare && (call.name === 'Date' || call.name === 'ObjectId' || call.name === 'UUID');
        if (call.on !== undefined && !/^(Date|Math|crypto|uuid|Types|mongoose|performance)$/.test(call.on))
          return false;
        return (
          (call.name === 'now' && call.on === 'Date') ||
          (call.name === 'random' && call.on === 'Math') ||
          /^(randomUUID|randomBytes|randomInt|getRandomValues|nanoid|uuidv[1-7])$/.test(call.name)
        );
      },
      dotted,
    ),
  message: (what) => `uses ${what}: where that goes into a write, a run that was killed cannot be taken up again`,
  next: 'Write times with $$NOW or $currentDate, and let _ids follow from the data or leave them to the driver.',
  costs: 'resuming',
  ofJournal: true,
};

/** Packages that talk to other systems. Files are a matter of the calls, since reading one does no harm. */
const talkers =
  /^(?:node:)?(?:https?|http2|net|tls|dgram|child_process|cluster|worker_threads)$|^(?:axios|got|ky|undici|node-fetch|superagent|nodemailer|execa|ioredis|redis|pg|mysql2?|amqplib|kafkajs|stripe|twilio)$|^@(?:aws-sdk|google-cloud|azure|sendgrid|elastic|octokit)\//;
const fileWrites =
  /^(?:writeFile|appendFile|createWriteStream|unlink|rm|rmdir|mkdir|rename|copyFile|cp|truncate)(?:Sync)?$/;

const externalCalls: SourceRule = {
  id: 'run-external-call',
  severity: 'note',
  find: (code) => [
    ...called(code, ({ name, on }) => name === 'fetch' && (on === undefined || on === 'globalThis')),
    ...imports(code).filter(({ what }) => talkers.test(what)),
    ...(imports(code).some(({ what }) => /^(?:node:)?fs(?:\/promises)?$/.test(what))
      ? called(code, ({ name, on }) => fileWrites.test(name) && (on === undefined || /^(?:fs|fsp|promises)$/i.test(on)))
      : []),
  ],
  message: (what) =>
    `reaches outside of the database (${what}): nothing undoes that, and it happens again when a run is taken up or begun afresh`,
  next: 'Do it in a hook or a job of its own, or make sure that it may happen twice.',
};

const ownConnection: SourceRule = {
  id: 'run-own-connection',
  severity: 'warning',
  find: (code) =>
    called(
      code,
      ({ name, on, constructs }) =>
        (constructs && name === 'MongoClient') ||
        (on === 'MongoClient' && name === 'connect') ||
        (on === 'mongoose' && (name === 'connect' || name === 'createConnection')),
      dotted,
    ),
  message: (what) =>
    `opens a connection of its own (${what}): what is written there passes no gate, so it is neither counted nor fenced, and nothing takes it back`,
  next: 'Use the db and client that up is given; models made with mongoose.model() have that connection.',
  costs: 'images',
};

const ttlIndex: SourceRule = {
  id: 'run-ttl-index',
  severity: 'warning',
  find: (code) => keyed(code, ['expireAfterSeconds']),
  message: (what) => `sets ${what}: what the server deletes by it is gone, no way down brings it back`,
  next: 'Count first what would expire at once, and have a backup behind it.',
};

const unbatchedFilter: SourceRule = {
  id: 'run-not-in-batches',
  severity: 'note',
  find: (code) =>
    code.calls.flatMap((call) => {
      if (!many.has(call.name)) return [];
      const keys = ['collation', '$text', '$near', '$nearSphere', '$where'].filter((key) => code.hasKey(call, key));
      return keys.map((key) => ({ what: `${call.name}() with ${key}`, line: call.line }));
    }),
  message: (what) => `runs ${what} as one statement: that cannot be cut into batches without meaning something else`,
  next: 'On a large collection find the _ids first, then write by them.',
  costs: 'batches',
  ofJournal: true,
};

const upsertMany: SourceRule = {
  id: 'run-upsert-of-many',
  severity: 'note',
  find: (code) => called(code, (call) => call.name === 'updateMany' && code.hasKey(call, 'upsert')),
  message: (what) => `runs ${what} with upsert: the document is inserted once the whole pass has matched nothing`,
  next: 'Give the inserted document an _id that follows from the filter, so that it cannot be inserted twice.',
  ofJournal: true,
};

/** Reads everything into a loop that writes one by one: the journal keeps what was read, up to 1 MB a migration. */
const loopOverAll: SourceRule = {
  id: 'run-loop-without-batch',
  severity: 'note',
  find: (code) =>
    code.calls.flatMap((call): Place[] => {
      const { name, on, line } = call;
      if (name !== 'find' || /^(?:bulk|batch|op|ops|\w*[bB]ulk)$/.test(on ?? '')) return [];
      // A list's find takes a function.
      for (let at = call.from; at < call.to; at += 1) if (code.text(at) === '=>') return [];
      return isLoopWithWrites(code, call) ? [{ what: 'a loop over find()', line }] : [];
    }),
  message: (what) =>
    `writes in ${what}: slower by far than batches, and of reads above 1 MB only a digest is kept, so that a killed run may have to be undone and begun afresh`,
  next: "Where each document is decided by itself, use the context's batch: batch({ collection, filter, each }), in the form of defineMigration.",
  ofJournal: true,
};

function isLoopWithWrites(code: Code, find: Call): boolean {
  const body = loopBody(code, find);
  if (body === undefined) return false;
  return code.calls.some(
    ({ at, name, on }) =>
      at > body.from && at < body.to && (writes.has(name) || (name === 'find' && /bulk/i.test(on ?? ''))),
  );
}

/** `for (… of X.find(…)…) BODY`, and `X.find(…).forEach(BODY)`. */
function loopBody(code: Code, find: Call): { readonly from: number; readonly to: number } | undefined {
  for (let at = find.at; at >= 0; at -= 1) {
    const text = code.text(at);
    if (text === ';' || text === '{') break;
    if (at < find.at && (text === '}' || text === ')' || text === ']')) {
      const opened = code.openOf(at);
      if (opened === undefined) break;
      at = opened;
      continue;
    }
    if (text !== '(' || code.closeOf(at) < find.to) continue;
    if (code.text(at - 1) !== 'for' && code.text(at - 2) !== 'for') continue;
    const from = code.closeOf(at) + 1;
    if (code.text(from) === '{') return { from, to: code.closeOf(from) };
    let to = from;
    while (to < code.tokens.length && code.text(to) !== ';') to += 1;
    return { from, to };
  }
  for (let call = code.next(find); call !== undefined; call = code.next(call)) {
    if (call.name === 'forEach' || call.name === 'eachAsync') return { from: call.from, to: call.to };
  }
  return undefined;
}

/** The modules that a file names, by `import`, `export … from`, `import()` or `require()`. */
function imports(code: Code): Place[] {
  return code.tokens.flatMap(({ kind, text, line }, at) => {
    if (kind !== 'text') return [];
    const before = code.text(at - 1);
    const behind = before === 'from' || before === 'import';
    const inCall = before === '(' && (code.text(at - 2) === 'require' || code.text(at - 2) === 'import');
    return behind || inCall ? [{ what: text, line }] : [];
  });
}

export const sourceRules: readonly SourceRule[] = [
  ...[ownConnection, pipelines, dropsCollection, ttlIndex, timeOrRandom, externalCalls],
  ...[specialCollections, unbatchedFilter, upsertMany, loopOverAll],
];
