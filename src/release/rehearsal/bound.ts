import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { backedUp } from '../../backup/manifest.ts';
import { type BackedUpTarget, otherTarget } from '../../backup/same-target.ts';
import { byCodeUnit, digestOf } from '../../migration/canonical.ts';
import { listed } from '../../migration/files/find.ts';
import type { Connection } from '../../mongo/connect.ts';
import { majorOf } from '../../sandbox/version.ts';
import { backedUpTarget } from '../backup/backed-up-target.ts';
import type { Run } from '../run.ts';
import { type Code, real } from '../situation/code.ts';
import type { Situation } from '../situation/situation.ts';

export const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What a rehearsal was of: it says something of an apply for which all of this is the same. */
export const bound = {
  planDigest: hash,
  /** Without the files that they are about: those are named from wherever somebody stands. */
  findings: z.array(
    z.object({
      ...{ rule: z.string(), severity: z.string(), message: z.string() },
      ...{ name: z.string().optional(), line: z.number().optional() },
    }),
  ),
  /** Of the target. */
  serverVersion: z.string(),
  /** What the code loaded beside the migrations themselves: SHA-256 by path, of packages their package.json. */
  code: z.record(z.string(), z.string()),
  /** Of those that look into the database: in a sandbox nothing else is there to ask. */
  probes: hash,
  /** How migrations are run. */
  settings: hash,
  /** What they are run by: the major version of Node, and the one variable that changes what code does. */
  runtime: z.object({ node: z.string(), environment: z.string().optional() }),
  toolVersion: z.string(),
  /** Whose data it ran on. */
  target: backedUp,
  /** As of when those are, ISO: a backup may be older than its rehearsal. */
  dataAt: z.iso.datetime(),
};

const whole = z.object(bound);
export type Bound = z.output<typeof whole>;

/** What a rehearsal of this situation is bound to, which loaded `code` and ran on the data of that target and moment. */
export function boundTo(
  run: Run,
  { topology }: Connection,
  { plan }: Situation,
  { code, of, dataAt }: { readonly code: Code; readonly of: BackedUpTarget; readonly dataAt: string },
): Bound {
  const findings = plan.findings.map(({ rule, severity, message, place: { name, line } }) => {
    return { rule, severity, name, line, message };
  });
  const { probes, migrations } = run.invocation.settings;
  // The folder's name says nothing: what is in it stands in the plan.
  const { dir: _, ...settings } = migrations;
  return {
    planDigest: plan.digest,
    findings,
    serverVersion: topology.serverVersion,
    code: Object.fromEntries([...code].sort(([one], [two]) => byCodeUnit(one, two))),
    probes: digestOf(probes.filter((probe) => 'mongo' in probe)),
    settings: digestOf(settings),
    runtime: { node: process.versions.node.split('.')[0] ?? '', environment: run.env.NODE_ENV },
    ...{ toolVersion: run.toolVersion, target: of, dataAt },
  };
}

/**
 * Why it says nothing of an apply now, to stand behind "proof X"; undefined where it does. One of a larger plan, whose rest
 * this is, says nothing of the rest that it does not say of all.
 */
export async function whyNot(
  run: Run,
  connection: Connection,
  situation: Situation,
  one: Bound,
): Promise<string | undefined> {
  const here = backedUpTarget(run, connection);
  const now = boundTo(run, connection, situation, { ...one, code: situation.code, of: here });
  const oldest = Date.now() - run.invocation.settings.rehearsal['max-age'];
  const other = otherTarget(one.target, here);
  if (other !== undefined) return `is ${other}`;
  if (Date.parse(one.dataAt) < oldest) return `ran on data of ${one.dataAt}, older than rehearsal.max-age`;
  if (one.serverVersion !== now.serverVersion)
    return `is of MongoDB ${one.serverVersion}, and the target runs ${now.serverVersion} now`;
  if (majorOf(one.toolVersion) !== majorOf(now.toolVersion))
    return `was made by mongo-release ${one.toolVersion}, and this is ${now.toolVersion}`;
  const changed = await changedCode(run, one.code, situation.code);
  if (changed.length > 0) return `was made before the code changed that migrations load: ${listed(changed, 3)}`;
  if (one.probes !== now.probes) return 'was made with other probes';
  if (one.settings !== now.settings) return 'was made with other settings of migrations';
  if (one.runtime.node !== now.runtime.node)
    return `was made with Node ${one.runtime.node}, and this is ${now.runtime.node}`;
  if (one.runtime.environment !== now.runtime.environment)
    return `was made with NODE_ENV ${nodeEnv(one)}, and here it is ${nodeEnv(now)}`;
  const rest = new Set(situation.plan.pending.map(({ name }) => name));
  const both = one.planDigest === now.planDigest ? () => true : isOfRest(rest);
  const [finding] = differing(one.findings.filter(both), now.findings.filter(both));
  return finding && `was made before what is found about the plan changed: ${finding}`;
}

function nodeEnv({ runtime: { environment } }: Bound): string {
  return environment === undefined ? 'not set' : `"${environment}"`;
}

/** Whether a finding says of the rest of a plan what it says of the whole: the order of its phases is one of the whole alone. */
function isOfRest(rest: ReadonlySet<string>) {
  return ({ rule, name }: Bound['findings'][number]) =>
    rule !== 'plan-phase-order' && (name === undefined || rest.has(name));
}

/** What only one side has. */
function differing(then: Bound['findings'], now: Bound['findings']): string[] {
  const without = (some: Bound['findings'], others: Bound['findings']) => {
    const known = new Set(others.map(digestOf));
    return some.filter((one) => !known.has(digestOf(one)));
  };
  const named = ({ rule, name }: Bound['findings'][number]) => `${rule}${name === undefined ? '' : ` of ${name}`}`;
  return [
    ...without(now, then).map((one) => `${named(one)} is new`),
    ...without(then, now).map((one) => `${named(one)} is gone`),
  ];
}

/** Paths of what is loaded now and was not then, or not like that; and what only running showed then, where that is another now. */
async function changedCode(run: Run, then: Bound['code'], now: Code): Promise<string[]> {
  const paths = new Set([...Object.keys(then), ...now.keys()]);
  const root = real(run.invocation.baseDir);
  const found = await Promise.all(
    [...paths].map(async (path) => {
      const is = now.get(path) ?? (await checksumAt(join(root, path)));
      return is === then[path] ? [] : path;
    }),
  );
  return found.flat();
}

function checksumAt(path: string): Promise<string | undefined> {
  return readFile(path).then(
    (bytes) => createHash('sha256').update(bytes).digest('hex'),
    () => undefined,
  );
}
