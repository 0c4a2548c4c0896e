import { tmpdir } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { readInputs } from '../../src/action/inputs.ts';
import { Secrets } from '../../src/observe/secrets.ts';

afterEach(() => void vi.unstubAllEnvs());

function read(inputs: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(inputs)) vi.stubEnv(`INPUT_${name.toUpperCase()}`, value);
  return readInputs('plan', {}, tmpdir(), new Secrets());
}

test('an empty input is one that was not given', () => {
  const all = { mode: 'apply', uri: '', recipient: ' ', store: '', 'on-failure': '' };
  const { raw } = read({ uri: '', target: ' ', to: '1-a', 'release-inputs': JSON.stringify(all) });
  expect(raw).toEqual({ to: '1-a' });
});

test('a list of nothing is refused, and does not stand for none', () => {
  const inputs = { 'release-inputs': JSON.stringify({ recipient: ',\n,' }) };
  expect(() => read(inputs)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/^"recipient" is empty/) }),
  );
});
