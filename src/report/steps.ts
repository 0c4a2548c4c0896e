import type { Step } from '../release/result.ts';
import { formatDuration } from './format.ts';
import type { Mark } from './story.ts';

const marks: Record<Step['state'], Mark> = {
  done: 'good',
  failed: 'bad',
  skipped: 'idle',
  running: 'info',
  unknown: 'unknown',
  planned: 'info',
};

export function stepMark(state: Step['state']): Mark {
  return marks[state];
}

const signs: Record<Step['state'], string> = {
  done: '✓',
  failed: '✗',
  skipped: '–',
  running: '…',
  unknown: '?',
  planned: '›',
};

/** Colours of GitHub's own labels, with a text dark enough to be read on them in both of its themes. */
const styles: Record<Step['state'], string> = {
  done: 'fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a',
  failed: 'fill:#ffebe9,stroke:#cf222e,color:#5c0d14',
  skipped: 'fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3',
  running: 'fill:#ddf4ff,stroke:#0969da,color:#0a3069',
  unknown: 'fill:#fff8c5,stroke:#9a6700,color:#4d2d00',
  planned: 'fill:#ddf4ff,stroke:#0969da,color:#0a3069',
};

/** The steps as a Mermaid flow. Holds names of steps and durations only, so there is nothing in it to escape. */
export function renderFlow(steps: readonly Step[]): string {
  const nodes = steps.map(({ name, state, durationMs }, i) => {
    const time = durationMs === undefined ? state : formatDuration(durationMs);
    return `  s${i}["${signs[state]} ${name}<br/>${time}"]:::${state}`;
  });
  const arrows = steps.length > 1 ? [`  ${steps.map((_, i) => `s${i}`).join(' --> ')}`] : [];
  const used = [...new Set(steps.map((step) => step.state))];
  const classes = used.map((state) => `  classDef ${state} ${styles[state]}`);
  return ['flowchart LR', ...nodes, ...arrows, ...classes].join('\n');
}
