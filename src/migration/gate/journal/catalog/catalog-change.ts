import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { Handler, JournalContext } from '../context.ts';
import { unfenced } from '../unfenced.ts';
import { carryOut, type Step } from './carry-out.ts';
import { createStep } from './create.ts';
import { named } from './doubt.ts';
import { dropStep } from './drop.ts';
import { dropDatabase } from './drop-database.ts';
import { createIndexesStep, dropIndexesStep } from './indexes.ts';
import { modifyStep } from './modify.ts';
import { renameStep } from './rename.ts';

type Prepare = <T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
) => Promise<Step<T>>;

/** Methods and commands, in small letters. */
const prepared: Readonly<Record<string, Prepare>> = {
  createcollection: createStep,
  create: createStep,
  drop: dropStep,
  dropcollection: dropStep,
  rename: renameStep,
  renamecollection: renameStep,
  createindex: createIndexesStep,
  ensureindex: createIndexesStep,
  createindexes: createIndexesStep,
  dropindex: dropIndexesStep,
  dropindexes: dropIndexesStep,
  dropallindexes: dropIndexesStep,
  deleteindexes: dropIndexesStep,
  collmod: modifyStep,
};

/**
 * A change of collections, indexes, validators, names. No transaction takes it: what it is about goes on record first,
 * and after an interruption the catalog says whether it was done.
 */
export const catalogChange: Handler = async <T>(...[context, operation, turn]: HandlerArguments<T>): Promise<T> => {
  const name = operation.call.method.replace('command ', '').toLowerCase();
  if (name === 'dropdatabase') return (await dropDatabase(context, operation, turn)) as T;
  const prepare = prepared[name];
  if (prepare === undefined) return unfenced(context, operation, turn);
  let step: Step<T>;
  try {
    step = await prepare(context, operation, turn.begun?.catalog);
  } catch (error) {
    if (serverCode(error) !== serverCodes.Unauthorized) throw error;
    context.note(
      `What ${operation.call.method} on ${named(operation.call.namespace)} changed is not on record: the user may not list collections and indexes.`,
    );
    return unfenced(context, operation, turn);
  }
  return carryOut(context, operation, turn, step);
};

type HandlerArguments<T> = [context: JournalContext, operation: Operation<T>, turn: Parameters<Handler>[2]];
