import type { Finding } from '../observe/finding.ts';
import { visible } from './visible.ts';

export interface RuleHelp {
  /** One sentence. */
  readonly summary: string;
  /** What is wrong and what to do instead; Markdown. */
  readonly help: string;
}

export interface SarifOptions {
  readonly toolVersion: string;
  /** What is known of each rule by its id; a rule that is not here is explained by the findings' next steps. */
  readonly rules?: Readonly<Record<string, RuleHelp>>;
  /** File that findings about no file are shown at: code scanning takes none without. Default `mongo-release.yml`. */
  readonly fallbackFile?: string;
}

/**
 * Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), in the form that GitHub's code scanning
 * reads: each result has a file, and each rule a help text. Files are relative to the repository's root.
 */
export function renderSarif(findings: readonly Finding[], options: SarifOptions): string {
  const ids = [...new Set(findings.map((finding) => finding.rule))].sort();
  const rules = ids.map((id) =>
    ruleOf(
      id,
      findings.filter((finding) => finding.rule === id),
      options.rules?.[id],
    ),
  );
  const results = findings.map((finding) => ({
    ruleId: finding.rule,
    ruleIndex: ids.indexOf(finding.rule),
    // SARIF's levels have the names of our severities.
    level: finding.severity,
    message: { text: visible(`${finding.message} Next: ${finding.next}`) },
    locations: [locationOf(finding, options.fallbackFile ?? 'mongo-release.yml')],
    // Without the line, so that a finding stays the same one when lines are added above it.
    partialFingerprints: {
      'mongoReleaseFinding/v1': JSON.stringify([finding.rule, finding.place.file ?? null, finding.place.name ?? null]),
    },
  }));
  const driver = {
    name: 'mongo-release',
    version: options.toolVersion,
    informationUri: 'https://github.com/org/mongo-release-action',
    rules,
  };
  return `${JSON.stringify(
    {
      $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
      version: '2.1.0',
      runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
    },
    undefined,
    2,
  )}\n`;
}

function ruleOf(id: string, findings: readonly Finding[], known: RuleHelp | undefined) {
  const next = [...new Set(findings.map((finding) => visible(finding.next)))];
  const summary = known?.summary ?? id.replaceAll('-', ' ');
  const level = findings.some(({ severity }) => severity === 'error')
    ? 'error'
    : findings.some(({ severity }) => severity === 'warning')
      ? 'warning'
      : 'note';
  return {
    id,
    shortDescription: { text: summary },
    help: known
      ? { text: known.help, markdown: known.help }
      : { text: `${summary}\n\n${next.map((step) => `- ${step}`).join('\n')}` },
    defaultConfiguration: { level },
  };
}

function locationOf({ place }: Finding, fallbackFile: string) {
  const line = place.file === undefined ? undefined : place.line;
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(place.file ?? fallbackFile) },
      // Code scanning wants a region even where no line is known.
      region: { startLine: line ?? 1 },
    },
    ...(place.name !== undefined && { logicalLocations: [{ name: visible(place.name) }] }),
  };
}

/** A relative path as a URI reference. */
function uriOf(file: string): string {
  return file.replaceAll('\\', '/').replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/');
}
