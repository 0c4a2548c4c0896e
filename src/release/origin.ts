import { hostname } from 'node:os';
import type { Environment } from '../config/flags.ts';
import type { Origin } from './run.ts';

/** Who runs this, and where: in a job of GitHub's from the runner's default variables, which its steps' own commands have too. */
export function originOf(env: Environment, inJob = env.GITHUB_ACTIONS === 'true'): Origin {
  const { pid } = process;
  if (!inJob) return { host: hostname(), pid, actor: env.USER || undefined, hosted: false };
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const attempt = env.GITHUB_RUN_ATTEMPT ?? '1';
  return {
    host: env.RUNNER_NAME || hostname(),
    pid,
    // Of a re-run: who asked for it, and not who pushed.
    actor: env.GITHUB_TRIGGERING_ACTOR || env.GITHUB_ACTOR || undefined,
    runUrl:
      server && repository && run
        ? `${server}/${repository}/actions/runs/${run}${attempt === '1' ? '' : `/attempts/${attempt}`}`
        : undefined,
    commit: env.GITHUB_SHA || undefined,
    hosted: env.RUNNER_ENVIRONMENT === 'github-hosted',
  };
}

/** What of its URL is the same in each attempt at a workflow run. */
export function workflowRun({ runUrl }: Pick<Origin, 'runUrl'>): string | undefined {
  return runUrl?.replace(/\/attempts\/\d+$/, '');
}
