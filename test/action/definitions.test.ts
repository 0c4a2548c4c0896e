import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderUses } from '../../scripts/render-action.ts';
import { describeOption, renderParts } from '../../scripts/render-parts.ts';
import { outputs, parts } from '../../src/action/parts.ts';
import { type Option, options } from '../../src/config/options.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFile(join(root, file), 'utf8');

interface Definition {
  readonly inputs: Record<string, { description: string; default?: string; required?: boolean }>;
  readonly outputs: Record<string, { description: string; value?: string }>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly { id?: string; uses?: string; run?: string; with?: Record<string, string> }[];
  };
}

const composite: Definition = parse(await read('action.yml'));

describe('the parts', () => {
  test('stand on disk as the table of options makes them', async () => {
    for (const [file, content] of Object.entries(await renderParts())) expect(await read(file), file).toBe(content);
  });

  test('have no input for what only a terminal may ask, and apply only by mode', async () => {
    for (const part of Object.keys(parts)) {
      const { inputs }: Definition = parse(await read(`${part}/action.yml`));
      expect(Object.keys(inputs)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(json|show-values|apply|dry-run)$/)]),
      );
      expect(inputs.mode?.default ?? 'dry-run').toBe('dry-run');
    }
  });
});

describe('the composite', () => {
  test('hands every input to each part that has it, under its own name', async () => {
    // `backup` and `release-id` come from earlier steps, `digest` from the plan; a deploy halves it by phases; a composite has no `to` and `name`.
    for (const step of composite.runs.steps) {
      if (step.uses === undefined) continue;
      const part: Definition = parse(await read(`${step.uses.replace('$/', '')}/action.yml`));
      for (const [name, value] of Object.entries(step.with ?? {})) {
        expect(part.inputs, `${step.id} has no input ${name}`).toHaveProperty(name);
        const halved = name === 'phase' && step.uses === '$/migrate';
        const foreign = halved || ['mode', 'digest', 'release-id', 'backup', 'reason', 'release-inputs'].includes(name);
        if (!foreign) expect(value, `${step.id}.${name}`).toBe(`\${{ inputs.${name} }}`);
      }
      const common = Object.keys(composite.inputs).filter((name) => name in part.inputs);
      expect(Object.keys(step.with ?? {})).toEqual(expect.arrayContaining(common));
    }
  });

  test('describes an input as the table of options does', () => {
    const own = ['mode', 'working-directory', 'deploy-command', 'store', 'on-failure'];
    for (const [name, { description }] of Object.entries(composite.inputs)) {
      if (own.includes(name)) continue;
      const option: Option | undefined = (options as Record<string, Option>)[name];
      expect(option, name).toBeDefined();
      if (option !== undefined) expect(description).toBe(describeOption(option));
    }
  });

  test('has every output of the contract, each from a step that has it', async () => {
    expect(Object.keys(composite.outputs).sort()).toEqual(Object.keys(outputs).sort());
    for (const [name, { value }] of Object.entries(composite.outputs)) {
      for (const [, step, output] of (value ?? '').matchAll(/steps\.(\w+)\.outputs\.([\w-]+)/g)) {
        const uses = composite.runs.steps.find(({ id }) => id === step)?.uses;
        const part: Definition = parse(await read(`${uses?.replace('$/', '')}/action.yml`));
        expect(part.outputs, `${name} asks ${step} for ${output}`).toHaveProperty(String(output));
      }
    }
  });

  test('never writes an expression into a script', () => {
    for (const step of composite.runs.steps) expect(step.run ?? '').not.toContain('${{');
  });
});

describe('the renderer', () => {
  test('names the parts of the checkout, or of a repository at a ref', () => {
    expect(renderUses('- uses: $/plan\n  uses:  $/backup # x\n', './')).toBe('- uses: ./plan\n  uses:  ./backup # x\n');
    expect(renderUses('- uses: $/plan\n', 'o/r@0123abc')).toBe('- uses: o/r/plan@0123abc\n');
    expect(renderUses('run: echo "$/plan"\n', './')).toBe('run: echo "$/plan"\n');
    expect(() => renderUses('', 'o/r')).toThrow('OWNER/REPOSITORY@REF');
  });

  test('leaves no $/ behind', async () => {
    for (const file of ['action.yml', '.github/workflows/release.yml', '.github/workflows/rollback.yml']) {
      const text = await read(file);
      expect(text).toContain('uses: $/');
      expect(renderUses(text, 'org/mongo-release-action@v1')).not.toContain('$/');
    }
  });
});
