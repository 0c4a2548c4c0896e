import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { error, notice, setOutput, summary, warning } from '@actions/core';
import type { Environment } from '../config/flags.ts';
import { describeCauses } from '../observe/causes.ts';
import type { Secrets } from '../observe/secrets.ts';
import type { Ended } from '../release/result.ts';
import { renderJson } from '../report/json.ts';
import { renderSummary } from '../report/summary.ts';
import { renderText } from '../report/text.ts';
import { annotationsOf } from './annotations.ts';
import { type Outputs, outputsOf } from './outputs.ts';
import type { Part } from './parts.ts';
import { inert } from './run-log.ts';
import { stepFolder } from './step-folder.ts';

export interface Telling {
  readonly part: Part;
  readonly env: Environment;
  readonly secrets: Secrets;
  /** Where the findings go, on the part that has some. */
  readonly sarif: string | undefined;
  readonly debug: boolean;
}

/**
 * Says how a step ended in every way a step can: log, annotations, outputs, files, job summary. One that fails does not
 * keep the others back; false when one did.
 */
export async function tell(unclean: Ended, { part, env, secrets, sarif, debug }: Telling): Promise<boolean> {
  const ended = secrets.scrubTexts(unclean);
  const clean = (text: string) => secrets.scrub(text);
  const print = (text: string) => process.stdout.write(`${inert(clean(text))}\n`);
  const { shown, left } = annotationsOf(ended);
  const more = left === 0 ? '' : `\n${left} more had no room as annotations; the report has all of them.\n`;
  let markdown = '';
  const paths: Outputs = { 'sarif-path': sarif !== undefined && existsSync(sarif) ? sarif : undefined };
  const write = async (name: 'report-path' | 'summary-path', file: string, text: string) => {
    const path = join(stepFolder(part, env), file);
    await writeFile(path, text);
    paths[name] = path;
  };

  const ways: Record<string, () => unknown> = {
    log: () => {
      const whole = env.GITHUB_STEP_SUMMARY && 'the summary of the job';
      print(renderText(ended, { colour: true, whole: whole || undefined }));
      if (ended.error && debug) print(describeCauses(ended.error));
    },
    annotations: () => {
      const annotate = { error, warning, notice };
      for (const { type, message, properties } of shown) annotate[type](clean(message), properties);
    },
    report: () => write('report-path', `${part}.json`, `${renderJson(ended)}\n`),
    summary: () => {
      markdown = `${renderSummary(ended)}${more}`;
      return write('summary-path', `${part}.md`, markdown);
    },
    outputs: () => {
      for (const [name, value] of Object.entries(outputsOf(part, ended, paths))) setOutput(name, value);
    },
    'job summary': async () => {
      if (env.GITHUB_STEP_SUMMARY) await summary.addRaw(markdown, true).write();
    },
  };
  let whole = true;
  for (const [name, way] of Object.entries(ways)) {
    try {
      await way();
    } catch (thrown) {
      whole = false;
      print(`The ${name} could not be written (${thrown instanceof Error ? thrown.message : typeof thrown}).`);
    }
  }
  return whole;
}
