import { ReleaseError } from '../../observe/error.ts';
import type { Run } from '../run.ts';

/**
 * A person agrees to what the command does: at a terminal by answering, elsewhere by `--yes`.
 *
 * Throws `CONFIRMATION_NEEDED` where nobody can answer, `CONFIRMATION_REFUSED` on no. Nothing was done then.
 */
export async function agree(run: Run, question: string): Promise<void> {
  if (run.invocation.flags.yes) return;
  if (run.confirm === undefined) {
    throw new ReleaseError('CONFIRMATION_NEEDED', `This needs somebody's consent: ${question}`, {
      hint: 'Add --yes to the command.',
    });
  }
  if (await run.confirm(question)) return;
  throw new ReleaseError('CONFIRMATION_REFUSED', 'Nothing was done.', { hint: 'Run the command again when it suits.' });
}
