import { expect, test } from 'vitest';
import { originOf } from '../../src/release/origin.ts';

const job = {
  ...{
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'pushed',
    GITHUB_TRIGGERING_ACTOR: 'asked',
    GITHUB_SHA: 'ab',
    USER: 'runner',
  },
  ...{ GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'org/shop', GITHUB_RUN_ID: '7' },
  ...{ RUNNER_NAME: 'r1', RUNNER_ENVIRONMENT: 'github-hosted' },
};
const runUrl = 'https://github.example/org/shop/actions/runs/7';

test('in a job of GitHub it is the run that acts, whichever door was taken; elsewhere the user of this machine', () => {
  expect(originOf(job)).toMatchObject({ host: 'r1', actor: 'asked', runUrl, commit: 'ab', hosted: true });
  expect(originOf({ ...job, GITHUB_RUN_ATTEMPT: '2' }).runUrl).toBe(`${runUrl}/attempts/2`);
  const here = originOf({ ...job, GITHUB_ACTIONS: undefined });
  expect(here).toMatchObject({ actor: 'runner', hosted: false });
  expect(here).not.toHaveProperty('runUrl');
});
