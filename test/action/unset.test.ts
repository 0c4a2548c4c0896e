import { expect, test } from 'vitest';
import { dropUnset } from '../../src/action/unset.ts';

test("Amazon's variables that a workflow leaves empty are not there, whatever else is", () => {
  const env = { AWS_REGION: '', AWS_SESSION_TOKEN: '', AWS_ACCESS_KEY_ID: 'a', INPUT_STORE: '', AWS_PROFILE: 'p' };
  dropUnset(env);
  expect(env).toEqual({ AWS_ACCESS_KEY_ID: 'a', INPUT_STORE: '', AWS_PROFILE: 'p' });
});
