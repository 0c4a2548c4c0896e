import { expect, test } from 'vitest';
import { inWorkflow } from '../../src/action/in-workflow.ts';

test.for([
  [
    'If it is gone already, type mongo-release rollback r1 --yes.',
    'If it is gone already, run the part rollback with "mode: apply", "release-id: r1", "yes: true".',
  ],
  [
    'Type mongo-release rollback r1 --uri "…" --store s3://b/p --reason "…" again: it goes on with data. With --start-traffic instead it only lets users in.',
    'Run the part rollback with "mode: apply", "release-id: r1", "store: s3://b/p", "reason: …" again: it goes on with data. With "start-traffic: true" instead it only lets users in.',
  ],
  [
    'Add --accept-loss 5 to the command, or wait with --wait 60s; name a store with --store, or see mongo-release rollback --dry-run.',
    'Add "accept-loss: 5" to the command, or wait with "wait: 60s"; name a store with "store", or see the part rollback with "mode: dry-run".',
  ],
  [
    'mongo-release migrate --apply goes on; --strategy restore is another way.',
    'the part migrate with "mode: apply" goes on; "strategy: restore" is another way.',
  ],
  [
    'mongo-release rollback r1 goes on with it. With --start-traffic it only lets users in.',
    'the part rollback with "mode: apply", "release-id: r1" goes on with it. With "start-traffic: true" it only lets users in.',
  ],
  [
    'Rehearse it on this backup with --backup b1, or go back by --strategy undo.',
    'Rehearse it on this backup with "backup: b1", or go back by "strategy: undo".',
  ],
  // What is for a terminal stays what can be typed there.
  ['Look at mongo-release status --check, then mongo-release down 2 --reason "…".', undefined],
  ['Correct hooks.rollback-app in mongo-release.yml.', undefined],
] as const)('in a workflow inputs are named: %s', ([text, seen]) => {
  expect(inWorkflow(text)).toBe(seen ?? text);
});
