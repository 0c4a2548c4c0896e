import { backfills } from './backfills.ts';
import { catalog } from './catalog.ts';
import { loops } from './loops.ts';
import { many } from './many.ts';
import { mongoose } from './mongoose.ts';
import type { Shape } from './shape.ts';
import { transactions } from './transactions.ts';

export type { Shape } from './shape.ts';

export const shapes: readonly Shape[] = [...loops, ...many, ...catalog, ...transactions, ...mongoose, ...backfills];
