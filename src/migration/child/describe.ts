import { ReleaseError } from '../../observe/error.ts';
import { asChildError, describeFailure } from './failure.ts';
import type { LoadedCode } from './hooks.ts';
import { loadModule } from './load.ts';
import { loadModels } from './models.ts';
import type { Parent } from './parent.ts';
import type { DescribeJob } from './protocol.ts';
import { recognise } from './recognise.ts';
import { type Source, sourceAt } from './source.ts';

/** Loads files one after the other and tells what each declares; this process knows no database. Ends the process. */
export async function describeFiles(job: DescribeJob, parent: Parent, loaded: LoadedCode): Promise<void> {
  // What a file leaves behind at its top level is no failure of loading it; running it will tell.
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) process.on(event, () => {});
  const failure = (error: unknown, source: Source) =>
    error instanceof ReleaseError ? asChildError(error) : describeFailure(error, source, undefined, false);
  const models = job.models === undefined ? undefined : sourceAt(job.models, loaded.words, job.showValues);
  const unusable =
    models &&
    (await loadModels(models, loaded).then(
      () => undefined,
      (error) => failure(error, models),
    ));
  for (const { name, path } of job.files) {
    if (unusable !== undefined) {
      await parent.send({ type: 'undescribed', name, error: unusable });
      continue;
    }
    await parent.send({ type: 'loading', name });
    const source = sourceAt(path, loaded.words, job.showValues);
    try {
      const { facts } = recognise(await loadModule(source), source.fileName);
      await parent.send({ type: 'described', name, facts });
    } catch (error) {
      await parent.send({ type: 'undescribed', name, error: failure(error, source) });
    }
  }
  await parent.finish({ type: 'all-described' });
}
