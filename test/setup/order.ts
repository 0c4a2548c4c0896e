import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files run whole programs, those that take longest first. */
const long = ['test/proofs', 'test/migrate-mongo', 'test/release', 'test/cli', 'test/action'];

/** The long files first: one that is begun last is waited for by itself. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const path = relative(this.ctx.config.root, moduleId);
      const at = long.findIndex((folder) => path.startsWith(folder));
      return at === -1 ? long.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
