import type { Call, Namespace } from './call.ts';

interface Stage {
  readonly $out?: unknown;
  readonly $merge?: unknown;
}

/** Where the last stage of a pipeline writes to: `$out` and `$merge` can stand nowhere else. */
export function writingStage(
  pipeline: unknown,
  database: string,
): { stage: '$out' | '$merge'; into: Namespace } | undefined {
  if (!Array.isArray(pipeline)) return undefined;
  const last = pipeline.at(-1) as Stage | undefined;
  if (typeof last !== 'object' || last === null) return undefined;
  if (last.$out !== undefined) return { stage: '$out', into: destination(last.$out, 'coll', database) };
  if (last.$merge === undefined) return undefined;
  const into = typeof last.$merge === 'object' ? (last.$merge as { into?: unknown }).into : last.$merge;
  return { stage: '$merge', into: destination(into, 'coll', database) };
}

function destination(into: unknown, key: string, database: string): Namespace {
  if (typeof into !== 'object' || into === null) return { database, collection: String(into) };
  const named = into as Record<string, unknown>;
  return { database: named.db === undefined ? database : String(named.db), collection: String(named[key]) };
}

/**
 * The call that a writing pipeline is. The server does not say how many documents it wrote. `$out` writes aside and puts
 * that in place in the end: one that is refused has left nothing.
 */
export function pipelineCall(from: Namespace, target: { stage: string; into: Namespace }): Call {
  return {
    kind: 'pipeline',
    method: `aggregate ${target.stage}`,
    namespace: from,
    also: target.into,
    multi: target.stage !== '$out',
    mayCreate: true,
  };
}
