import type { Handler } from './context.ts';
import { writeOne } from './one-document.ts';
import { inOneTransaction } from './one-transaction.ts';

/** A write of one document: effect, images and entry in one transaction. */
export const single: Handler = (context, operation, turn) =>
  inOneTransaction(context, operation, turn, (session) => writeOne(context, operation, session));
