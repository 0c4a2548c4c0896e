import { otherTarget } from '../../backup/same-target.ts';
import type { Connection } from '../../mongo/connect.ts';
import { backedUpTarget } from '../backup/backed-up-target.ts';
import { countLoss, lossInWords } from '../rollback/loss.ts';
import type { RestoreLoss } from '../rollback/result.ts';
import type { Run } from '../run.ts';
import { keepsAdded } from './added.ts';
import type { RestoredFrom } from './restored-from.ts';

/** For who waits at a question. */
const limitMs = 10_000;

/**
 * A sentence for the question: what users have written that a restore would lose, with the number where a backup of this
 * very database says since when. Whoever has agreed beforehand is not kept waiting. Throws the signal's reason.
 */
export async function whatItLoses(run: Run, connection: Connection, from: RestoredFrom): Promise<string> {
  const { manifest } = from;
  const { only, yes } = run.invocation.flags;
  const unsaid = 'What was written since is lost.';
  if (yes || manifest === undefined || run.into !== undefined) return unsaid;
  // Another cluster has other times.
  if (otherTarget(manifest.target, backedUpTarget(run, connection)) !== undefined) return unsaid;
  try {
    const { loss } = await countLoss(run, connection, manifest, { limitMs });
    const replaced = only !== undefined || keepsAdded(run, from) ? from.selected(only) : undefined;
    return lossInWords(replaced === undefined ? loss : lossOfThese(loss, replaced));
  } catch (error) {
    if (run.signal.aborted) throw error;
    return unsaid;
  }
}

function lossOfThese(loss: RestoreLoss, replaced: readonly { readonly collection: string }[]): RestoreLoss {
  if (loss.writes === null) return loss;
  const names = new Set(replaced.map(({ collection }) => collection));
  const collections = loss.collections.filter(({ collection }) => names.has(collection));
  const notCounted = loss.notCounted?.filter((name) => names.has(name));
  return { ...loss, collections, notCounted, writes: collections.reduce((sum, { writes }) => sum + writes, 0) };
}
