import { builtIn } from '../../backup/engines/built-in.ts';
import type { ArchiveEngine } from '../../backup/engines/engine.ts';
import { mongodump } from '../../backup/engines/mongodump.ts';
import { allowedEnvironment } from '../../config/process-environment.ts';
import type { Engine } from '../../config/schema.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { type Run, targetOf } from '../run.ts';

/** Who is to take this run's backups. */
export function engineOf({ invocation: { flags, settings } }: Run): Engine {
  return flags.engine ?? settings.backup.engine;
}

/** What a rehearsal restores has to be an archive. */
export function archiveEngineOf(run: Run): Exclude<Engine, 'atlas'> {
  const engine = engineOf(run);
  return engine === 'atlas' ? 'built-in' : engine;
}

export function openEngine(run: Run, engine: Exclude<Engine, 'atlas'>): ArchiveEngine {
  if (engine === 'built-in') return builtIn;
  const { uri, readUri } = targetOf(run);
  return mongodump({
    uri: readUri ?? uri,
    environment: allowedEnvironment(run.env, ['LD_LIBRARY_PATH']),
    tmpdir: sandboxEnvironment(run.env).tmpdir,
  });
}
