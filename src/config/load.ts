import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type * as z from 'zod';
import { ReleaseError } from '../observe/error.ts';
import { didYouMean } from './nearest.ts';
import { type Settings, schema } from './schema.ts';

export interface LoadedConfig {
  readonly settings: Settings;
  /** Folder that relative paths in the file start from. */
  readonly baseDir: string;
  /** Undefined when there is no file and the defaults stand. */
  readonly file?: string;
}

export const defaultFile = 'mongo-release.yml';

/**
 * Reads and checks the configuration. Without `file`, `mongo-release.yml` in `cwd` is read where it exists.
 *
 * Throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID` with all that is wrong in one message.
 */
export async function loadConfig(cwd: string, file?: string): Promise<LoadedConfig> {
  const path = resolve(cwd, file ?? defaultFile);
  const content = await readLayers(path, file !== undefined, []);
  if (content === undefined) return { settings: schema.parse({}), baseDir: cwd };
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => describeIssue(issue));
    throw new ReleaseError(
      'CONFIG_INVALID',
      `${path} is not valid:\n${problems.map((line) => `  ${line}`).join('\n')}`,
      {
        hint: 'Correct these keys; docs/configuration.md lists all of them.',
      },
    );
  }
  return { settings: parsed.data, baseDir: dirname(path), file: path };
}

/** A file over the file that it extends: objects merge key by key, everything else is replaced. */
async function readLayers(path: string, required: boolean, above: readonly string[]): Promise<unknown> {
  if (above.includes(path)) {
    throw new ReleaseError('CONFIG_INVALID', `${path} extends itself, by way of ${above.join(' and ')}.`, {
      hint: 'Remove one of the "extends" lines.',
    });
  }
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && !required) return undefined;
    throw new ReleaseError('CONFIG_NOT_FOUND', `The configuration file ${path} cannot be read (${error.code}).`, {
      hint: above.length > 0 ? `Correct "extends" in ${above.at(-1)}.` : 'Correct --config.',
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  const content = parseFile(path, text);
  const base = isRecord(content) ? content.extends : undefined;
  if (typeof base !== 'string') return content;
  const below = await readLayers(resolve(dirname(path), base), true, [...above, path]);
  return merge(below, content);
}

function parseFile(path: string, text: string): unknown {
  try {
    return parseYaml(text) ?? {};
  } catch (error) {
    // An alias without its anchor, or one that multiplies without end, is a ReferenceError.
    if (!(error instanceof YAMLParseError || error instanceof ReferenceError)) throw error;
    const { code, line } =
      error instanceof YAMLParseError
        ? { code: error.code, line: error.linePos?.[0].line }
        : { code: 'BAD_ALIAS', line: undefined };
    const where = line === undefined ? path : `${path}:${line}`;
    throw new ReleaseError('CONFIG_INVALID', `${where} is not YAML (${code}).`, {
      hint:
        line === undefined
          ? 'Correct its aliases (*name): each needs its anchor (&name) above it.'
          : 'Correct that line.',
      cause: error,
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above;
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = merge(below[key], value);
  return merged;
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join('.');
  const prefix = at === '' ? '' : `${at}: `;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => `${prefix}unknown key "${key}".${didYouMean(key, known)}`);
  }
  // A probe is one of two shapes: say what is wrong with the one that was meant, not with both.
  if (issue.code === 'invalid_union') {
    const strangers = (branch: readonly z.core.$ZodIssue[]) =>
      branch.filter((inner) => inner.code === 'unrecognized_keys' && inner.path.length === 0).length;
    const nearest = [...issue.errors].sort((a, b) => strangers(a) - strangers(b))[0] ?? [];
    return nearest.flatMap((inner) =>
      describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue),
    );
  }
  return [`${prefix}${issue.message}`];
}

/** The keys that the schema knows at a path. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let here: unknown = schema;
  for (const step of path) here = stepInto(unwrap(here), step);
  const end = unwrap(here);
  const shape = (end as { shape?: object } | undefined)?.shape;
  if (shape !== undefined) return Object.keys(shape);
  const choices = (end as { options?: readonly { shape?: object }[] } | undefined)?.options ?? [];
  return [...new Set(choices.flatMap((choice) => Object.keys(choice.shape ?? {})))];
}

interface SchemaNode {
  readonly def?: {
    readonly innerType?: unknown;
    readonly in?: unknown;
    readonly element?: unknown;
    readonly valueType?: unknown;
  };
  readonly shape?: Record<string, unknown>;
  readonly options?: readonly SchemaNode[];
}

function unwrap(node: unknown): unknown {
  const inner = (node as SchemaNode | undefined)?.def;
  const next = inner?.innerType ?? inner?.in;
  return next === undefined ? node : unwrap(next);
}

function stepInto(node: unknown, step: PropertyKey): unknown {
  const { shape, def, options } = (node ?? {}) as SchemaNode;
  if (shape !== undefined) return shape[String(step)];
  if (options !== undefined)
    return options.find((choice) => choice.shape && String(step) in choice.shape)?.shape?.[String(step)];
  return def?.element ?? def?.valueType;
}
