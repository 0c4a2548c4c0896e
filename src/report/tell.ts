import type { RehearsalResult, ReliedOn } from '../release/rehearsal/result.ts';
import type {
  BackupResult,
  BaselineResult,
  Ended,
  InspectResult,
  MigrateResult,
  PlanResult,
  ReleaseResult,
  RestoreResult,
  UnlockResult,
  VerifyResult,
} from '../release/result.ts';
import type { RollbackResult } from '../release/rollback/result.ts';
import type { StatusResult } from '../release/status.ts';
import { auditSentence, auditTable } from './audit.ts';
import { backupFacts, backupHolds, backupsTable, restoreBlocks } from './backups.ts';
import { findingsTable, guardsTable, probesSentence, probesTable } from './checks.ts';
import { drillBlocks, drillLead } from './drill.ts';
import { formatBytes, formatCount, formatDuration, plural } from './format.ts';
import { headlineOf } from './headline.ts';
import { migrationsTable, pendingTable, totals } from './migrations.ts';
import { ranInWords, rehearsalBlocks, reliedFacts, restoredData } from './rehearsal.ts';
import { statusBlocks, statusSentence } from './status.ts';
import { type Block, detailWhere, type Story } from './story.ts';
import { lossSentence, playbookTable, undoSentence, undoTable } from './way-back.ts';

interface Part {
  readonly lead: readonly string[];
  readonly blocks: readonly Block[];
}

/** What there is to say about how a command ended, for a terminal and for a summary alike. */
export function tell(ended: Ended): Story {
  const { lead, blocks } = tellResult(ended);
  const { error, steps = [], warnings = [], durationMs, releaseId, recorded = false } = ended;
  const time = durationMs === undefined ? [] : [`It took ${formatDuration(durationMs)}.`];
  const named = releaseId !== undefined && recorded;
  const about: Block[] = named ? [{ kind: 'facts', title: '', facts: [['Release', { name: releaseId }]] }] : [];
  return {
    ...headlineOf(ended),
    lead: [...lead, ...(lead.length > 0 ? time : [])],
    failure: error && { code: error.code, message: error.message, hint: error.hint },
    blocks: mergeFacts([
      ...(warnings.length > 0 ? [{ kind: 'list', title: 'Warnings', items: warnings } as const] : []),
      ...(steps.length > 0 ? [{ kind: 'steps', title: 'Steps', steps } as const] : []),
      ...blocks,
      ...about,
    ]),
  };
}

/** Facts without a title that follow each other are one list. */
export function mergeFacts(blocks: readonly Block[]): Block[] {
  const merged: Block[] = [];
  for (const block of blocks) {
    const last = merged.at(-1);
    if (block.kind === 'facts' && last?.kind === 'facts' && block.title === '' && last.title === '')
      merged[merged.length - 1] = { ...last, facts: [...last.facts, ...block.facts] };
    else merged.push(block);
  }
  return merged;
}

function tellResult(ended: Ended): Part {
  if (ended.result === undefined) return { lead: [], blocks: [] };
  switch (ended.command) {
    case 'status':
      return tellStatus(ended.result);
    case 'plan':
      return tellPlan(ended.result);
    case 'migrate':
    case 'up':
      return tellMigrate(ended.result);
    case 'verify':
      return tellVerify(ended.result);
    case 'backup':
      return tellBackup(ended.result);
    case 'inspect':
      return tellInspect(ended.result);
    case 'restore':
      return tellRestore(ended.result);
    case 'rollback':
    case 'down':
      return tellRollback(ended.result);
    case 'release':
      return tellRelease(ended.result);
    case 'drill':
      return { lead: drillLead(ended.result), blocks: drillBlocks(ended.result) };
    case 'audit':
      return { lead: [auditSentence(ended.result)], blocks: auditTable(ended.result) };
    case 'init':
      return { lead: [`Wrote ${ended.result.file}; name the database there.`], blocks: [] };
    case 'create':
      return { lead: [`Wrote ${ended.result.file}.`], blocks: [] };
    case 'baseline':
      return tellBaseline(ended.result);
    case 'unlock':
      return tellUnlock(ended.result);
  }
}

function tellStatus(status: StatusResult): Part {
  return { lead: [statusSentence(status)], blocks: statusBlocks(status) };
}

function tellPlan({ digest, pending, findings }: PlanResult): Part {
  const what =
    pending === 'unknown'
      ? 'What is pending is unknown: no database was asked.'
      : pending.length === 0
        ? 'Nothing is pending.'
        : `${plural(pending.length, 'migration')} would be applied.`;
  return {
    lead: [what],
    blocks: [
      ...findingsTable(findings),
      ...(pending === 'unknown' ? [] : pendingTable(pending)),
      { kind: 'facts', title: '', facts: [['Digest', { name: digest }]] },
    ],
  };
}

function tellMigrate({ applied, failed, remaining = [], rehearsal, ...relied }: MigrateResult): Part {
  const rehearsed = rehearsal === undefined ? undefined : tellRehearsalOf(rehearsal, { applied, failed });
  const ran = applied.length > 0 ? [`Applied: ${totals(applied)}.`] : [];
  const left = remaining.length > 0 ? [`Not begun: ${plural(remaining.length, 'migration')}.`] : [];
  return {
    // Once something was applied, that is the news, and the rehearsal only led to it.
    lead: [...ran, ...left, ...(rehearsed?.lead ?? [])],
    blocks: [
      ...migrationsTable('Applied', applied, failed),
      ...(remaining.length > 0 ? [{ kind: 'list', title: 'Not begun', items: remaining } as const] : []),
      ...(rehearsed?.blocks ?? []),
      ...reliedBlocks(relied),
    ],
  };
}

function reliedBlocks(relied: ReliedOn): Block[] {
  const facts = reliedFacts(relied);
  return facts.length > 0 ? [{ kind: 'facts', title: '', facts }] : [];
}

function tellRehearsal(rehearsal: RehearsalResult): Part {
  const { probes = [] } = rehearsal;
  return {
    lead: [
      `Rehearsed on ${restoredData(rehearsal)} in a sandbox: ${ranInWords(rehearsal)}. mongo-release itself only read the target.`,
      ...(probes.length > 0 ? [`In the sandbox ${probesSentence(probes)}.`] : []),
    ],
    blocks: rehearsalBlocks(rehearsal, false),
  };
}

function tellBaseline({ recorded }: BaselineResult): Part {
  const what = recorded.length === 0 ? 'It was recorded so already.' : `Nothing was run: ${recorded.join(', ')}.`;
  return { lead: [what], blocks: [] };
}

function tellUnlock({ was }: UnlockResult): Part {
  return { lead: was === null ? [] : [`It was held by ${was.owner} (fence ${was.fence}).`], blocks: [] };
}

function tellVerify({ probes }: VerifyResult): Part {
  return { lead: probes.length === 0 ? [] : [`${probesSentence(probes)}.`], blocks: probesTable(probes) };
}

function tellBackup(backup: BackupResult): Part {
  const lead =
    backup.engine === 'atlas'
      ? backupHolds(backup)
      : `${plural(backup.documents, 'document')}, ${formatBytes(backup.bytes)}.`;
  return { lead: [lead], blocks: backupFacts(backup) };
}

function tellInspect(result: InspectResult): Part {
  if ('backup' in result) return { lead: [], blocks: backupFacts(result.backup) };
  const { backups } = result;
  return {
    lead: [
      backups.length === 0 ? 'The store holds no backup.' : `The store holds ${plural(backups.length, 'backup')}.`,
    ],
    blocks: backupsTable(backups),
  };
}

function tellRestore(restore: RestoreResult): Part {
  if (restore.cluster !== undefined)
    return { lead: [`The whole cluster ${restore.cluster} is as it was in backup ${restore.backupId}.`], blocks: [] };
  const { displaced = [] } = restore;
  const documents = restore.restored.reduce((total, one) => total + one.documents, 0);
  const changes = [
    `${plural(restore.restored.length, 'collection')} restored with ${plural(documents, 'document')}`,
    restore.removed.length > 0 ? `${formatCount(restore.removed.length)} removed` : undefined,
    restore.kept.length > 0 ? `${formatCount(restore.kept.length)} kept` : undefined,
  ];
  const followed = restore.migrate === undefined ? undefined : tellMigrate(restore.migrate);
  return {
    lead: [
      `${changes.filter((part) => part !== undefined).join(', ')}.`,
      // Of what was replaced and is kept, a warning tells.
      ...displaced
        .filter(({ writes }) => writes === undefined)
        .map(({ name, tombstone }) => `What others made as ${name} while it was replaced is in ${tombstone}.`),
      ...(followed?.lead ?? []),
    ],
    blocks: [...restoreBlocks(restore), ...(followed?.blocks ?? [])],
  };
}

function tellRollback(rollback: RollbackResult): Part {
  const { strategy, reverted, failed, kept, conflicts, undo = [], restore, loss, probes = [], steps = [] } = rollback;
  const restored = restore === undefined ? undefined : tellRestore(restore);
  const counted = reverted.filter((one) => one.effects !== undefined);
  const restoredAway = reverted.flatMap((one) => (one.effects === undefined ? [one.name] : []));
  const foretold = undo.length > 0 && reverted.length === 0 && failed === undefined;
  const conflicting = conflicts.reduce((total, one) => total + one.documents, 0);
  const leaving = undo.filter(({ quarantined }) => quarantined > 0);
  const each = leaving.length > 1 ? '; one that several migrations left counts once for each' : '';
  return {
    lead: [
      ...(foretold ? [undoSentence(undo)] : []),
      ...(reverted.length > 0 || failed || restored ? [`Way back: ${strategy}.`] : []),
      ...(counted.length > 0 ? [`Taken back: ${totals(counted)}.`] : []),
      ...(restored?.lead ?? []),
      ...(restoredAway.length > 0 ? [`Taken back with that: ${restoredAway.join(', ')}.`] : []),
      ...(restored !== undefined && loss !== undefined ? [lossSentence(loss)] : []),
      ...(conflicting > 0 ? [`${plural(conflicting, 'document')} left to the users, in quarantine${each}.`] : []),
      ...(probes.length > 0 ? [`Afterwards ${probesSentence(probes)}.`] : []),
    ],
    blocks: [
      ...playbookTable(steps),
      ...undoTable(foretold ? 'An undo would put back, in documents' : 'Undone, in documents', undo),
      ...migrationsTable('Taken back', counted, failed),
      ...(restored?.blocks ?? []),
      ...(kept.length > 0 ? [{ kind: 'list', title: 'Kept', items: kept } as const] : []),
      ...probesTable(probes, 'Probes after the way back'),
    ],
  };
}

function tellRelease(release: ReleaseResult): Part {
  const { guards = [], plan, backup, rehearsal, migrate, verify, rollback } = release;
  const findings = [...(plan?.findings ?? []), ...guards.flatMap((guard) => guard.findings)];
  const parts = [
    rollback && tellRollback(rollback),
    migrate && tellMigrate({ ...migrate, rehearsal: undefined }),
    verify && tellVerify(verify),
    { lead: [], blocks: findingsTable(findings) },
    backup && tellBackupOfRelease(backup),
    rehearsal && tellRehearsalOf(rehearsal, migrate),
    { lead: [], blocks: reliedBlocks(release) },
    {
      lead: [],
      blocks: detailWhere(
        guards.every(({ findings }) => findings.length === 0),
        guardsTable(guards),
      ),
    },
    plan && { lead: [], blocks: planOfRelease(plan, migrate ?? rehearsal) },
  ].filter((part) => part !== undefined);
  return { lead: parts.flatMap((part) => part.lead), blocks: parts.flatMap((part) => part.blocks) };
}

function tellBackupOfRelease(backup: BackupResult): Part {
  return { lead: [backupHolds(backup)], blocks: detailWhere(true, backupFacts(backup)) };
}

/** Where everything that was rehearsed is also applied, the same table twice would only be in the way. */
function tellRehearsalOf(
  rehearsal: RehearsalResult,
  migrate: Pick<MigrateResult, 'applied' | 'failed'> | undefined,
): Part {
  const { applied = [], failed } = migrate ?? {};
  if (applied.length === 0 && failed === undefined) return tellRehearsal(rehearsal);
  const repeated =
    failed === undefined && rehearsal.failed === undefined && applied.length === rehearsal.migrations.length;
  return { lead: [], blocks: rehearsalBlocks(rehearsal, repeated) };
}

/** The pending migrations are of interest where none of them ran. */
function planOfRelease(plan: PlanResult, ran: unknown): Block[] {
  return [
    ...(ran === undefined && plan.pending !== 'unknown' ? pendingTable(plan.pending) : []),
    { kind: 'facts', title: '', facts: [['Plan digest', { name: plan.digest }]] },
  ];
}
