import { describeServerError, serverCode } from '../../mongo/server-code.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { LogFields } from '../define.ts';
import { known } from './known.ts';
import type { Source } from './source.ts';

/** Stands for words that may be data. */
export const hidden = '‹hidden›';

/** What V8 and Node's loader put around names in the messages of their own errors. */
const engineWords = new Set(
  `Cannot access before initialization read properties of undefined null reading set setting property destructure as it is
   not a function constructor iterable defined already been declared assignment to constant variable Unexpected token identifier
   string number template end input Invalid or unexpected regular expression missing after argument list Missing initializer in
   const let var class enum type interface namespace import export default declaration must be initialized find package module
   imported from file does provide an named requested Maximum call stack size exceeded array length Assignment Class extends
   value this super Must before accessing returning derived await only valid async functions and the top level bodies modules
   convert BigInt mix other types use explicit conversions private field TypeScript supported strip mode object target
   expected Expected Expression keyword reserved word strict mode Illegal return statement continue break label for of duplicate
   fetch failed terminated its extensible redefine delete assign only JSON valid Reduce with empty initial time
   Symbol iterator`.split(/\s+/),
);

/** The same of the driver's own errors, and of Mongoose's, thrown before anything is sent. */
const driverWords = new Set(
  `Update document requires atomic operators Replacement must not contain use Bulk find operation specify a selector Invalid
   BulkOperation Batch cannot be empty Argument filter update docs operations pipeline replacement an object array of documents
   aggregation stages Document valid JavaScript Collection insertMany called with that has null undefined values is larger than
   the maximum size Operation as key passed in Array Option requires sort specification direction format batchSize limit skip
   integer Cursor options Use expired sessions not permitted Cannot have explicit session unacknowledged writes ClientSession from
   same MongoClient Client connected before running to perform this Topology closed No transaction started Transaction already
   progress call abortTransaction commitTransaction after calling twice Read preference primary callback form helper been removed
   Timed out during withTransaction request Database names character convert circular structure BSON Unrecognized JS type
   connection connect monitor Server selection after ms pool cleared socket ECONNREFUSED ECONNRESET ETIMEDOUT getaddrinfo ENOTFOUND
   Input does match accepted types string hex characters collection name contain Function provided return Promise
   The uri parameter openUri got Make sure first or mongoose createConnection is a`.split(/\s+/),
);
const driverErrors = /^(?:Mongo|BSON)[A-Za-z]*$/;

const engineErrors = new Set(['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError']);

/** Ids that may be shown: ObjectId, UUID. */
const idPattern = /^(?:[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
/** Words, ids, numbers, and runs of what is none of them. Digits joined by more than a space are no count: a date, a phone. */
const tokenPattern = /[\p{L}_$][\p{L}\p{N}_$]*|\p{N}[\p{L}\p{N}_$.,:/+-]*|\s+|[^\p{L}\p{N}_$\s]+/gu;
/** As many digits as a count has; longer ones are somebody's number. */
const countPattern = /^\d{1,9}$/;

/**
 * Text of user code with only those words that stand in the migration's source, or in the vocabulary given; and with
 * messages of ours that it quotes.
 */
export function hideUnknown(text: string, source: Source, vocabulary: ReadonlySet<string> = new Set()): string {
  const ours = [...source.given].find((message) => text.includes(message));
  const parts = ours === undefined ? [text] : text.split(ours);
  return parts
    .map((part) => knownWords(part, source, vocabulary))
    .join(ours)
    .trim();
}

function knownWords(text: string, source: Source, vocabulary: ReadonlySet<string>): string {
  let shown = '';
  let wasNumber = false;
  for (const token of joined(text)) {
    if (/^\s+$/.test(token) || !/[\p{L}\p{N}]/u.test(token)) {
      // Signs of ASCII say nothing about anybody.
      shown += token.replace(/[^\s!-~→–—…]+/gu, '');
      continue;
    }
    const number = /^\p{N}/u.test(token);
    const known = number
      ? idPattern.test(token) || (countPattern.test(token.replace(/[.,:]+$/, '')) && !wasNumber)
      : idPattern.test(token) || source.words.has(token) || vocabulary.has(token);
    shown += known ? token : hidden;
    wasNumber = number;
  }
  return shown.replaceAll(new RegExp(`${hidden}(?:[\\s.,:/@+-]*${hidden})+`, 'g'), hidden);
}

/** Ids that begin with a letter are cut at hyphens by the pattern of words: they are kept whole first. */
function joined(text: string): string[] {
  const tokens: string[] = [];
  let rest = 0;
  for (const match of text.matchAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi)) {
    tokens.push(...(text.slice(rest, match.index).match(tokenPattern) ?? []), match[0]);
    rest = match.index + match[0].length;
  }
  tokens.push(...(text.slice(rest).match(tokenPattern) ?? []));
  return tokens;
}

/** What `batch` and the driver's methods answer with. */
const resultWords: ReadonlySet<string> = new Set(
  `matched modified deleted skipped quarantined acknowledged matchedCount modifiedCount insertedCount deletedCount
   upsertedCount insertedId upsertedId ok nMatched nModified nInserted nUpserted nRemoved`.split(/\s+/),
);

/** Each has a name of its own, or the last one would stand for all. */
function hiddenKey(taken: Readonly<Record<string, unknown>>): string {
  let name = hidden;
  for (let number = 2; Object.hasOwn(taken, name); number += 1) name = `${hidden} ${number}`;
  return name;
}

/** A log line of user code, for whoever looks on. */
export function shownText(text: string, source: Source): string {
  return source.showValues ? text : hideUnknown(text, source);
}

/** Fields of a log line of user code: numbers and booleans; texts that are ids or words of the source. */
export function hideFields(fields: unknown, source: Source): LogFields {
  const shown: Record<string, string | number | boolean> = {};
  if (typeof fields !== 'object' || fields === null) return shown;
  for (const [key, value] of Object.entries(fields)) {
    const name = source.words.has(key) || resultWords.has(key) || source.showValues ? key : hiddenKey(shown);
    if (typeof value === 'number' || typeof value === 'boolean') shown[name] = value;
    else if (typeof value === 'bigint') shown[name] = Number(value);
    else if (value !== undefined && value !== null) shown[name] = shownText(String(value), source);
  }
  return shown;
}

/**
 * Prints what an error of user code says as it is, where somebody asked for that: a person at a terminal sees what user
 * code prints, and it goes nowhere else. What is kept, or handed on, is always `hiddenText`.
 */
export function showWhole(error: unknown, { showValues }: Source): void {
  if (!showValues || error instanceof ReleaseError) return;
  process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
}

/**
 * What an error of user code says, without a document's values and without a full stop. A server's error is rebuilt from
 * its code, the system's about a connection from its fields; one of ours holds no values.
 */
export function hiddenText(error: unknown, source: Source, where?: string): string {
  return textOf(error, source, where).replace(/\.$/, '');
}

function textOf(error: unknown, source: Source, where?: string): string {
  if (error instanceof ReleaseError) return `${error.message.replace(/\.$/, '')} [${error.code}]`;
  if (!(error instanceof Error)) return thrownText(error, source);
  if (serverCode(error) !== undefined && isDriverError(error)) return describeServerError(error, where);
  const ours = validationText(error, source) ?? connectionText(error) ?? known(error, where)?.text;
  if (ours !== undefined) return ours;
  const name = errorName(error, source);
  const text = hideUnknown(error.message, source, vocabularyOf(error));
  const { code, syscall, cause } = error as { code?: unknown; syscall?: unknown; cause?: unknown };
  const system =
    typeof code === 'string' &&
    /^[A-Z][A-Z0-9_]{2,}$/.test(code) &&
    (typeof syscall === 'string' || code.startsWith('ERR_'));
  const because = cause instanceof Error && cause !== error ? `, caused by ${hiddenText(cause, source)}` : '';
  const of = where === undefined ? '' : ` (${where})`;
  return `${name}${system ? ` ${code}` : ''}${text === '' ? '' : `: ${text}`}${of}${because}`;
}

function thrownText(thrown: unknown, source: Source): string {
  if (typeof thrown === 'string') return `it threw the text: ${hideUnknown(thrown, source) || hidden}`;
  if (thrown === undefined || thrown === null) return `it threw ${thrown}`;
  return `it threw something of type ${typeof thrown} that is no error`;
}

function vocabularyOf(error: Error): ReadonlySet<string> | undefined {
  if (engineErrors.has(error.name) || isLoaderError(error)) return engineWords;
  return driverErrors.test(error.name) ? driverWords : undefined;
}

/** https://nodejs.org/api/errors.html#common-system-errors, and those of `dns`. */
const connectionCodes =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|E(?:HOST|NET)UNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EADDRNOTAVAIL)$/;

/** What the system says of a connection: where to, and no more. Several attempts come as one error without a place. */
function connectionText(error: Error): string | undefined {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return connectionText(error.errors[0]);
  const { code, syscall, hostname, address = hostname, port } = error as NodeJS.ErrnoException & Connecting;
  if (typeof code !== 'string' || typeof syscall !== 'string' || !connectionCodes.test(code)) return undefined;
  const host = typeof address === 'string' && /^[\w.:-]{1,253}$/.test(address) ? ` ${address}` : '';
  return `${/^\w+$/.test(syscall) ? syscall : ''} ${code}${host}${host && typeof port === 'number' ? `:${port}` : ''}`.trim();
}

interface Connecting {
  readonly hostname?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
}

function isDriverError(error: Error): boolean {
  return error.name.startsWith('Mongo');
}

function isLoaderError(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

/** Names of classes come from code; a name that an error was given may come from anywhere. */
function errorName(error: Error, source: Source): string {
  const { name } = error;
  const fixed = engineErrors.has(name) || name === 'Error' || /^(?:Mongo|BSON|Mongoose)[A-Za-z]*$/.test(name);
  return fixed || source.words.has(name) || /^[A-Z][A-Za-z]{2,40}Error$/.test(name) ? name : 'Error';
}

interface Failed {
  readonly kind?: unknown;
  readonly path?: unknown;
}

/** Mongoose's ValidationError and CastError: the paths and kinds, which are names; their messages quote the values. */
function validationText(error: Error, source: Source): string | undefined {
  if (error.name === 'CastError') return `CastError: ${failedPath(error as Failed, source)}`;
  const { errors } = error as { errors?: unknown };
  if (error.name !== 'ValidationError' || typeof errors !== 'object' || errors === null) return undefined;
  const failed = Object.values(errors).map((one) => failedPath(one as Failed, source));
  return `ValidationError: ${failed.slice(0, 10).join(', ')}${failed.length > 10 ? ', …' : ''}`;
}

function failedPath({ path, kind }: Failed, source: Source): string {
  const shown = typeof path === 'string' && /^[\w$.]{1,100}$/.test(path) ? path : hidden;
  const safe = typeof kind === 'string' && (/^[A-Za-z]{1,20}$/.test(kind) || source.words.has(kind));
  return safe ? `${shown} (${kind})` : shown;
}
