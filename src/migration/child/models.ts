import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ReleaseError } from '../../observe/error.ts';
import type { LoadedCode } from './hooks.ts';
import { loadModule } from './load.ts';
import { isUnconnected } from './mongoose.ts';
import type { Source } from './source.ts';

/**
 * What the models' module exports. Throws `MODELS_INVALID` where it cannot be loaded, does without Mongoose, or connects:
 * its models have to be the runner's.
 */
export async function loadModels(
  source: Source,
  { mongooses, connections }: LoadedCode,
): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(source.path)) {
    const named = relative(process.cwd(), source.path);
    throw new ReleaseError('MODELS_INVALID', `There is no file ${named}, which migrations.models names.`, {
      hint: 'Correct migrations.models in the configuration: it is relative to that file, and has its extension.',
    });
  }
  const exports = await loadModule(source, 'MODELS_INVALID');
  // Connecting begins a few turns of the queue later.
  await turn();
  const connects = connections.refused !== undefined || ![...mongooses.values()].every(isUnconnected);
  if (connects) {
    throw new ReleaseError(
      'MODELS_INVALID',
      `The models' module ${source.fileName}, or what it imports, connects to a database.`,
      {
        hint: `Let ${source.fileName} only declare models, with mongoose.model(), and call mongoose.connect or createConnection in the file that starts the application.`,
      },
    );
  }
  if (mongooses.size > 0) return exports;
  throw new ReleaseError('MODELS_INVALID', `The models' module ${source.fileName} does not use mongoose.`, {
    hint: 'Let migrations.models name the module that exports the Mongoose models, or leave it out.',
  });
}
