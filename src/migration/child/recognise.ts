import { ReleaseError } from '../../observe/error.ts';
import { migrationMark } from '../define.ts';
import type { MigrationFacts } from '../types.ts';

type Step = (...args: unknown[]) => unknown;

/** A migration's module, understood. */
export interface Recognised {
  readonly facts: MigrationFacts;
  readonly up: Step;
  readonly down?: Step;
  readonly downDocument?: Step;
}

type Exports = Readonly<Record<string, unknown>>;

const expected =
  'A migration exports up and down as functions (db, client), or export default defineMigration({ up, down }).';

/**
 * What a module says it is. `fileName` is for the message.
 *
 * Throws `MIGRATION_INVALID` for what is no migration, and for a declaration that cannot be meant as it stands.
 */
export function recognise(exports: Exports, fileName: string): Recognised {
  const main = mainOf(exports);
  if (main === undefined) {
    throw invalid(`${fileName} is no migration: ${exportedText(exports)}.`, expected);
  }
  const context = migrationMark in main || typeof main.name === 'string';
  const { up, down, downDocument } = main;
  if (typeof up !== 'function') {
    throw invalid(`${fileName} is no migration: its up is ${kindOf(up)}.`, expected);
  }
  if (down !== undefined && down !== null && typeof down !== 'function') {
    throw invalid(`${fileName}: its down is ${kindOf(down)}.`, 'Write down as a function, or leave it out.');
  }
  if (downDocument !== undefined && typeof downDocument !== 'function') {
    throw invalid(
      `${fileName}: its downDocument is ${kindOf(downDocument)}.`,
      'Write downDocument as a function of one document, or leave it out.',
    );
  }
  const bound = (step: unknown) => (typeof step === 'function' ? (step.bind(main) as Step) : undefined);
  if (!context && takesContext(up)) {
    throw invalid(
      `${fileName}: its up takes { db }, and nothing says that it is of the form that gets that: it would be given db itself.`,
      'Write export default defineMigration({ up, down }), which mongo-release-action exports, or up(db, client).',
    );
  }
  const facts = context ? declared(main, fileName) : undeclared(typeof down === 'function');
  return {
    up: up.bind(main) as Step,
    down: bound(down),
    downDocument: bound(downDocument),
    facts: downDocument === undefined ? facts : { ...facts, hasDownDocument: true },
  };
}

/** `module.default ?? module`, as migrate-mongo takes it, unless only the other one has an `up`. */
function mainOf(exports: Exports): Exports | undefined {
  const inner = exports.default;
  const candidates = [inner, exports].filter((one): one is Exports => typeof one === 'object' && one !== null);
  return candidates.find((one) => migrationMark in one || 'up' in one);
}

/** Whether a function takes `db` out of its first argument: a database has no such member, so that was meant for a context. */
function takesContext(up: object): boolean {
  const taken = /^[^({=]*\(\s*\{([^{}]*)\}/.exec(String(up))?.[1];
  return taken !== undefined && /(?:^|,)\s*db\s*(?:$|[,:=])/.test(taken);
}

function undeclared(hasDown: boolean): MigrationFacts {
  return { form: 'migrate-mongo', phase: 'before-deploy', hasDown, transaction: false };
}

const known = ['name', 'description', 'phase', 'irreversible', 'transaction', 'requires', 'up', 'down', 'downDocument'];

function declared(main: Exports, fileName: string): MigrationFacts {
  if (migrationMark in main) {
    const unknown = Object.keys(main).find((key) => !known.includes(key));
    if (unknown !== undefined) {
      throw invalid(`${fileName}: defineMigration does not know ${unknown}.`, `It knows ${known.join(', ')}.`);
    }
  }
  const { phase, irreversible, transaction, requires } = main;
  if (phase !== undefined && phase !== 'before-deploy' && phase !== 'after-deploy') {
    throw invalid(`${fileName}: its phase is none.`, 'Write phase: "before-deploy" or phase: "after-deploy".');
  }
  if (irreversible !== undefined && (typeof irreversible !== 'string' || irreversible.trim() === '')) {
    throw invalid(
      `${fileName}: irreversible gives no reason.`,
      'Write the reason as a text, for example irreversible: "drops the old logs".',
    );
  }
  if (transaction !== undefined && typeof transaction !== 'boolean') {
    throw invalid(`${fileName}: transaction is ${kindOf(transaction)}.`, 'Write transaction: true, or leave it out.');
  }
  return {
    form: 'context',
    description: typeof main.description === 'string' ? main.description : undefined,
    phase: phase ?? 'before-deploy',
    hasDown: typeof main.down === 'function',
    irreversible,
    transaction: transaction === true,
    requires: requirements(requires, fileName),
  };
}

function requirements(requires: unknown, fileName: string): MigrationFacts['requires'] {
  if (requires === undefined) return undefined;
  const { server, featureCompatibility } = (
    typeof requires === 'object' && requires !== null ? requires : {}
  ) as Exports;
  const versions = [server, featureCompatibility].filter((version) => version !== undefined);
  if (versions.length === 0 || !versions.every((one) => typeof one === 'string' && /^\d+(\.\d+){0,2}$/.test(one))) {
    throw invalid(`${fileName}: requires names no version.`, 'Write for example requires: { server: "6.0" }.');
  }
  return { server: server as string | undefined, featureCompatibility: featureCompatibility as string | undefined };
}

function exportedText(exports: Exports): string {
  const names = Object.keys(exports).filter((name) => name !== 'module.exports');
  const inner = exports.default;
  if (names.length === 0 || (names.length === 1 && isEmpty(inner))) return 'it exports nothing';
  const listed = names.slice(0, 8).map((name) => `${name} (${kindOf(exports[name])})`);
  return `it exports ${listed.join(', ')}${names.length > 8 ? ', …' : ''} and no up`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

function invalid(message: string, hint: string): ReleaseError {
  return new ReleaseError('MIGRATION_INVALID', message, { hint });
}
