import type { AnnotationProperties } from '@actions/core';
import type { Finding } from '../observe/finding.ts';
import type { Ended } from '../release/result.ts';

/** GitHub shows this many annotations of a type for a step, and drops the others without a word. */
const shownOfAType = 10;
/** GitHub cuts the message of an annotation here, in characters. */
const longestMessage = 4096;

export interface Annotation {
  readonly type: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly properties: AnnotationProperties;
}

/** What is annotated, the most severe first, and how many findings had no room. */
export function annotationsOf(ended: Ended): { readonly shown: readonly Annotation[]; readonly left: number } {
  const all: Annotation[] = [
    ...(ended.error ? [failure(ended)] : []),
    ...(['error', 'warning', 'note'] as const).flatMap((severity) =>
      findingsOf(ended)
        .filter((finding) => finding.severity === severity)
        .map(annotated),
    ),
    ...(ended.warnings ?? []).map((message) => ({ type: 'warning' as const, message, properties: {} })),
  ];
  const room = { error: shownOfAType, warning: shownOfAType, notice: shownOfAType };
  const shown = all.filter(({ type }) => room[type]-- > 0);
  return { shown: shown.map(cut), left: all.length - shown.length };
}

function findingsOf(ended: Ended): readonly Finding[] {
  if (ended.command === 'plan') return ended.result?.findings ?? [];
  if (ended.command !== 'release') return [];
  const guards = ended.result?.guards ?? [];
  return [...(ended.result?.plan?.findings ?? []), ...guards.flatMap((guard) => guard.findings)];
}

function failure({ error }: Ended): Annotation {
  return {
    type: 'error',
    message: `${error?.message}\nNext: ${error?.hint}`,
    properties: { title: `mongo-release: ${error?.code}` },
  };
}

function annotated({ rule, severity, place, message, next }: Finding): Annotation {
  const name = place.name === undefined || message.includes(place.name) ? '' : `${place.name}: `;
  return {
    type: severity === 'note' ? 'notice' : severity,
    message: `${name}${message}\nNext: ${next}`,
    properties: { title: rule, file: place.file, startLine: place.line },
  };
}

function cut(annotation: Annotation): Annotation {
  const { message } = annotation;
  if (message.length <= longestMessage) return annotation;
  return { ...annotation, message: `${message.slice(0, longestMessage - 1)}…` };
}
