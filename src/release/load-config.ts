import type { LoadModule } from '../config/migrate-mongo.ts';
import { loadConfigFile } from '../migration/migrate-mongo/load-config.ts';

/** What a workflow's step gets beside its environment: the runner's own means, and our inputs. */
const runnersOwn = /^(INPUT_|ACTIONS_RUNTIME_|ACTIONS_RESULTS_|ACTIONS_CACHE_)/i;

/**
 * Runs configurations of migrate-mongo. They see the whole environment, unlike migrations: it is they that name the
 * database's address, and most of them take it from a variable.
 */
export function configLoader(env: Readonly<Record<string, string | undefined>>): LoadModule {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && !runnersOwn.test(name)) environment[name] = value;
  return (file, cwd) => loadConfigFile(file, cwd, environment);
}
