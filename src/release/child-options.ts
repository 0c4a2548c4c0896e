import { resolve } from 'node:path';
import type { ChildSettings } from '../migration/runner.ts';
import { childEnvironment } from './child-environment.ts';
import { namesOf, type Run } from './run.ts';

/** How the processes that run a project's code are set up; the same for loading, rehearsing and applying. */
export function childOptions(run: Run) {
  const { settings, baseDir } = run.invocation;
  const { models, 'time-limit': timeLimitMs, throttle } = settings.migrations;
  return {
    environment: childEnvironment(run.env),
    projectDir: baseDir,
    models: models === undefined ? undefined : resolve(baseDir, models),
    import: settings.migrations.import,
    timeLimitMs,
    throttle: {
      maxLagMs: throttle['max-lag'],
      serverLoad: throttle['server-load'],
      maxPauseMs: throttle['max-pause'],
    },
    ownPrefix: namesOf(run).prefix,
    showValues: run.showValues,
    onLoaded: run.onLoaded,
    log: run.log,
    signal: run.signal,
  } satisfies ChildSettings & Record<string, unknown>;
}
