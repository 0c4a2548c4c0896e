import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

const root = dirname(import.meta.dirname);

interface Input {
  readonly description: string;
  readonly default?: unknown;
  readonly required?: boolean;
}

interface Definition {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

const cell = (text: unknown) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

function inputTable(inputs: Readonly<Record<string, Input>>): string {
  const rows = Object.entries(inputs).map(([name, input]) => {
    const value = input.required ? 'required' : input.default ? `\`${cell(input.default)}\`` : '';
    return `| \`${name}\` | ${value} | ${cell(input.description)} |`;
  });
  return ['| input | default | means |', '| --- | --- | --- |', ...rows].join('\n');
}

function outputTable(outputs: Definition['outputs']): string {
  const rows = Object.entries(outputs).map(([name, { description }]) => `| \`${name}\` | ${cell(description)} |`);
  return ['| output | means |', '| --- | --- |', ...rows].join('\n');
}

async function workflowInputs(file: string): Promise<string> {
  const { on } = parse(await readFile(join(root, '.github', 'workflows', file), 'utf8')) as {
    on: { workflow_call: { inputs: Readonly<Record<string, Input>> } };
  };
  return inputTable(on.workflow_call.inputs);
}

/** docs/action.md: the tables come from action.yml, the parts and the workflows. `parts` are the texts of their action.yml. */
export async function actionPage(parts: Readonly<Record<string, string>>): Promise<string> {
  const composite: Definition = parse(await readFile(join(root, 'action.yml'), 'utf8'));
  const sections = Object.entries(parts).map(([part, text]) => {
    const { description, inputs, outputs } = parse(text) as Definition;
    const own = Object.keys(outputs).map((name) => `\`${name}\``);
    return `### ${part}\n\n${description} Outputs: ${own.join(', ')}.\n\n${inputTable(inputs)}\n`;
  });
  return `# The action

The tables of this page are generated from \`action.yml\`, the parts and the workflows.

## One step

\`\`\`yaml
- uses: actions/checkout@v7
  with: { persist-credentials: false }
- uses: actions/setup-node@v7
  with: { node-version: 24 }
- run: npm ci
- uses: org/mongo-release-action@v1
  with:
    mode: apply
    environment: production
    uri: \${{ secrets.MONGODB_URI }}
    store: /var/backups/shop
    deploy-command: npm run deploy
    on-failure: rollback
\`\`\`

Without \`environment\` the target is what \`mongo-release.yml\` says, and where that says nothing \`development\`: production is protected where
it is called so. A store in a folder needs a runner whose disk stays (\`runs-on: self-hosted\`), one in S3 does not; in production a folder on a
hosted runner is refused. [The README](../README.md) has the whole workflow.

| step | with \`mode: dry-run\` | with \`mode: apply\` |
| --- | --- | --- |
| plan | what is pending; stops on findings of severity error, and on any wrong input | the same |
| backup | none: the rehearsal takes one and removes it | into \`store\` |
| migrate | rehearses in a sandbox; with a \`store\` leaves [a proof](sandbox.md#proof) | rehearses all of the plan on that backup, unless a proof holds; then applies exactly that, with a \`deploy-command\` what is of phase \`before-deploy\` |
| deploy | | \`deploy-command\`, where there is one |
| after | | what the plan has of phase \`after-deploy\`, behind the deploy; skipped where there is none |
| verify | | the probes of the configuration |
| rollback | | with \`on-failure: rollback\`, when a migration or the deploy was begun and it, or a later step, failed or was cancelled |

Without a \`deploy-command\` the deploy is not the action's, so it applies both phases at once; who deploys by a step of their own calls the
action twice, with \`phase: before-deploy\` and \`phase: after-deploy\`, each with a plan of its own. With the parts it is one release:
\`migrate\` with \`phase: before-deploy\` and the \`digest\` of the whole plan rehearses all of it and applies that half; after the deploy
\`migrate\` with \`phase: after-deploy\`, the same \`digest\`, and the \`release-id\` and \`backup\` of the first applies the rest on the same
proof, where that still holds, and refuses when that rest is another one by then. Where a way back of the release has come to its data or
its application since its first half, that second one and \`verify\` end with \`TAKEN_BACK\` (exit code 8), and \`verified\` is \`false\`; so it is
where that way back did not come to its end.

Where nothing is pending, the deploy is all there is of a release: it is on record all the same, and \`on-failure: rollback\` brings the application of
before back by \`hooks.rollback-app\`. Without that hook only its owner can: the outcome is \`failed-dirty\` then, a warning says so, and
\`mongo-release rollback RELEASE\` puts it on record as taken back. The same warning comes with \`rolled-back\` where the data went back and no hook brought the application back.

A cancel and the job's \`timeout-minutes\` are failures to \`on-failure: rollback\`: what was begun is taken back. GitHub leaves five minutes for
that and kills what takes longer; [a rollback](rollback.md) that was killed goes on when it is started again. A job whose runner is gone
takes nothing back: look at \`mongo-release status\`.

The job fails also when the rollback succeeds: the release did not. The automatic way back is \`undo\`, which
loses no write of users, and \`down\` where the journal does not lead back. A backup is restored by itself only
where that is known to lose no write of users, and \`hooks.stop-traffic\` keeps them from writing meanwhile: else it is a person's decision (the part \`rollback\` with \`strategy: restore\` and \`accept-loss\`).
A migration imports from the project's \`node_modules\`: run \`npm ci\` before. The migrations run with the runner's own Node 24.

${inputTable(composite.inputs)}

${outputTable(composite.outputs)}

\`outcome\` is set also when the step fails: read it with \`if: always()\`. The [exit code](commands.md#exit-codes) of a part
says the same in more detail; GitHub shows it in the log. What only reads (\`plan\`, \`verify\`, and \`status\` and \`inspect\` in a terminal)
ends as \`nothing-to-do\` when all is well, whatever it has found: it was not to change anything.

### The job is run again

| where it stopped | run again, it |
| --- | --- |
| before the first migration | begins |
| in a migration before the deploy, also where its runner was lost | [ends that one](interrupted.md), and goes on with the rest |
| in the deploy | finds those migrations applied, and deploys again |
| in a migration after the deploy | deploys again, ends that one, and goes on with the rest |
| in the verification | deploys and verifies again |
| in a rollback that came to its end | begins anew |
| in a rollback that did not | ends with \`HISTORY_CONFLICT\`: [that rollback](rollback.md#the-playbook) comes first |

A job with the action plans anew, so what is left is another release, with an id of its own: a rollback of that leaves what the first one has applied, which has to be
taken back after it, by its own id. An input \`digest\` stays as it is: where a release was begun on that plan and is over, it stands for what is left of it, as long as nothing
was added or taken back since and no file changed, and no other workflow run has applied the half before a deploy of its own (else \`PLAN_MOVED\`, which says
what was taken back, by what, and when).

\`release --apply\` begins only where no other release is between the beginning of its deploy and its end: as long as signs of life come from that one, and for
\`lease.ttl\` after the last, it ends with \`HISTORY_CONFLICT\` and names it. Run again under its own id (\`--release-id\`) it ends so before the deploy.

With the [reusable workflow](#for-an-organization-reusable-workflows) **Re-run failed jobs** goes on with the same release: the job that applies has its id and the plan
that was approved from the job that prepared, and applies the rest of that, as long as nothing was added and no file changed. The proof of
the whole plan counts for its rest [as long as it holds](sandbox.md#proof); where it does not, where the rest failed in a rehearsal since, or where half of a
migration was ended first, the rest is rehearsed once more. The backup that the job takes then stands behind the release only where nothing of it is in the target
yet; else that of its first attempt does, which \`backup-id\` names. **Re-run all jobs** plans and rehearses what is left, asks for an approval again, and is
another release. Where a migration was left half-way that stops in the first job, since only the target can end it (\`REHEARSAL_IMPOSSIBLE\`): run the failed
jobs again, not all, or take the release back before.

### Encrypted backups, S3, Atlas

Secrets of these come by the environment, of the job or of the step (\`env\`):

| variable | for | without it |
| --- | --- | --- |
| \`MONGO_RELEASE_IDENTITY\` (\`backup.identity-env\`) | reading a backup that was encrypted to \`backup.recipients\` | \`migrate\` rehearses on a temporary backup, and says that it has not opened the stored one; a \`rollback\` that has to restore stops before it changes any data (\`IDENTITY_MISSING\`) |
| \`AWS_…\`, as \`aws-actions/configure-aws-credentials\` sets them | a store in S3 | what the runner has: a profile, or its machine's role |
| \`MONGODB_ATLAS_CLIENT_ID\`, \`MONGODB_ATLAS_CLIENT_SECRET\` | the engine \`atlas\` | \`ENGINE_UNAVAILABLE\` |

Each part is a process of its own, so none can read what another encrypted: what is to be restored by \`on-failure: rollback\` needs the
identity in the job. \`mongo-release release\` is one process, and needs none for that.

## The parts

Each is an action of its own (\`uses: org/mongo-release-action/plan@v1\`), for workflows that put something between them.
They hand over by inputs and outputs: \`release-id\` makes one release of them, \`backup\` and \`digest\` make \`migrate\` refuse when
the history or the plan has moved since.

${sections.join('\n')}
## For an organization: reusable workflows

\`.github/workflows/release.yml\` runs two jobs. **prepare** plans and rehearses with a credential that only reads, and
leaves the proof in \`store\`. **apply** waits for the reviewers of its environment, then takes a fresh backup, applies exactly the plan that
was approved, on that proof and without rehearsing it again, deploys, verifies, and goes back where \`on-failure\` says so. \`workflow-templates/mongo-release.yml\` is the caller to copy into an
organization's \`.github\` repository.

| secret | belongs to | is |
| --- | --- | --- |
| \`MONGODB_READ_URI\` | \`prepare-environment\`, no reviewers | connection string that only reads |
| \`MONGODB_URI\` | \`environment\`, with reviewers | connection string that writes |
| \`NODE_AUTH_TOKEN\` | both | handed to \`setup-command\`, and to nothing else: [private packages](#private-packages-a-private-action) |
| \`DEPLOY_TOKEN\` | \`environment\` | handed to \`deploy-command\`, to the hooks of a rollback where \`hooks.env\` names it, and to nothing else |
| \`MONGO_RELEASE_SANDBOX_URI\` | both | [a server of yours](sandbox.md) to rehearse in, where the runner is to start none |
| \`MONGO_RELEASE_IDENTITY\` | \`environment\` | reads [encrypted backups](#encrypted-backups-s3-atlas): for the rehearsal, and for a restore |
| \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\` | both | reach a store in S3, where no \`aws-role\` is named; [which rights](#rights-in-s3) each needs |
| \`MONGODB_ATLAS_CLIENT_ID\`, \`MONGODB_ATLAS_CLIENT_SECRET\` | \`environment\` | the service account, for backups by Atlas |

With \`aws-role\` and \`aws-region\` the job takes on a role of AWS by OpenID Connect: its trust policy should name both environments, since both jobs take it on. The
caller grants \`id-token: write\` beside \`contents: read\`, also where no role is named: GitHub checks that before it starts anything.
The role's credentials, as the secrets of the store, of Atlas and of readers, reach backup, migrate and rollback alone, no command of the project's. They last an hour,
and are asked for again before a rollback.

Files do not leave the job's runner, so the workflow has no output for the paths of summary, report and SARIF: the summary is on the run's
page, and who uploads findings runs the part \`plan\` in a job of their own.

### Rights in S3

Both jobs reach the store: **prepare** leaves its proof under \`PREFIX/proofs/\`, and **apply** reads that and writes the backup. With secrets
each environment has a user of its own, and then the one without reviewers needs no right to any backup:

| job | on the bucket, with \`s3:prefix\` of | on objects |
| --- | --- | --- |
| prepare | \`s3:ListBucket\`: \`PREFIX/proofs/*\` | \`s3:GetObject\`, \`s3:PutObject\`, \`s3:DeleteObject\` (proofs that are out of date) on \`PREFIX/proofs/*\` |
| apply, rollback | \`s3:ListBucket\`, \`s3:ListBucketMultipartUploads\`: \`PREFIX/*\` | \`s3:GetObject\`, \`s3:PutObject\`, \`s3:DeleteObject\`, \`s3:AbortMultipartUpload\` on \`PREFIX/*\` |

\`aws-role\` is one role for both, so it has the rights of apply also in the job that nobody approves: where that is too much, leave it out and
use secrets. Who may write proofs may have production changed on one that is not true: keep \`prepare-environment\` to branches you trust.

The hooks of a rollback see no variable of the job but those that the configuration names. What a workflow has for them is
\`DEPLOY_TOKEN\` and \`APP_URL\`:

\`\`\`yaml
hooks:
  env: [DEPLOY_TOKEN, APP_URL]
  rollback-app: npm run deploy:previous
\`\`\`

\`environment\` is GitHub's, and holds reviewers and secrets; \`target-environment\` is what the target is to mongo-release, and in
\`production\` wants a proof and a backup. A project without \`mongo-release.yml\`, as one of migrate-mongo, can say it nowhere else.

**apply** is skipped where nothing is pending and there is no \`deploy-command\`, so that nobody is asked to approve nothing. Whoever
deploys by a job of their own puts that behind the release (\`needs\`), and can read its output \`pending\`.

A mistyped environment is created by GitHub, without any reviewers: look at the environment's page before the first apply.
Environment secrets reach a reusable workflow by \`secrets: inherit\` only.

A folder store has to outlive the job, so \`apply\` with one needs a self-hosted runner; in production a hosted runner with a
folder store is refused. Backups are never uploaded as artifacts: whoever may read the repository could read the data.

${await workflowInputs('release.yml')}

\`.github/workflows/rollback.yml\` takes a release back, called or by hand. It is a dry run unless \`mode\` says apply.

${await workflowInputs('rollback.yml')}

\`.github/workflows/drill.yml\` restores the newest backup into a sandbox and measures that ([drill.md](drill.md)); how often is the caller's
to say: \`workflow-templates/mongo-drill.yml\`. It needs no connection string, only what reads the store: an environment without reviewers.
A drill of the schedule that fails opens an issue, or adds to the one that is still open: the template's second job, which alone may write
issues and runs nothing of the project.

${await workflowInputs('drill.yml')}

### Private packages, a private action

A project that installs from a private registry names the secret in its \`.npmrc\`: \`//HOST/:_authToken=\${NODE_AUTH_TOKEN}\`. A token that reads
packages is enough; the migrations, the deploy command and the hooks do not get it. Where it is not set the variable is empty. A dependency in a
private repository of GitHub, as this action may be one, is fetched by git: with a token that reads it, \`setup-command\` is

\`\`\`sh
export GIT_CONFIG_COUNT=1 GIT_CONFIG_VALUE_0=ssh://git@github.com/
export GIT_CONFIG_KEY_0="url.https://x-access-token:$NODE_AUTH_TOKEN@github.com/.insteadOf"
npm ci
\`\`\`

which leaves nothing on the runner's disk. Workflows of other repositories may use a private repository with the action or the reusable
workflows only where that says so: its **Settings → Actions → General → Access**, "Accessible from repositories in the … organization"
([GitHub's page](https://docs.github.com/en/actions/how-tos/reuse-automations/share-with-your-organization)). Those of public repositories never may.

## Enterprise Server, and other runners that do not know \`$/\`

The action names its parts as \`$/PART\`: the same commit, so that pinning the action pins all of it. Runners know that from 2.336 on
(July 2026), which matters where they are your own: **Set up job** in the log of a job names the version. Where it is not known,
use a rendered copy: \`node scripts/render-action.ts OWNER/REPOSITORY@SHA [FILE]\` writes \`action.yml\`, or a workflow, with the
parts named in full.
`;
}
