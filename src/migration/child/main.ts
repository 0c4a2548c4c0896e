/** Entry of the process that loads and runs a project's migrations. Started by `../child-process.ts` alone. */
import { readConfig } from './config.ts';
import { describeFiles } from './describe.ts';
import { DownDocuments } from './down-document.ts';
import { registerHooks } from './hooks.ts';
import { Parent } from './parent.ts';
import { Reporter } from './reporter.ts';
import { MigrationRun } from './run.ts';

// The usual ten frames of an error end inside the driver and the gate, before the line of the migration.
Error.stackTraceLimit = 100;

const parent = new Parent();
const loaded = registerHooks();
parent.beforeFinish(() => ({ type: 'loaded', files: loaded.files.all }));
const reporter = new Reporter(parent);
const downDocuments = new DownDocuments(parent, loaded);
let run: MigrationRun | undefined;

parent.receive((message) => {
  switch (message.type) {
    case 'run':
      if (message.job.rehearsal) loaded.processes.refuse();
      run = new MigrationRun(message.job, parent, reporter, loaded);
      parent.onEarlyExit(() => ({ type: 'exiting', state: reporter.state() }));
      reporter.start();
      void run.run();
      return;
    case 'describe':
      loaded.processes.refuse();
      void describeFiles(message.job, parent, loaded);
      return;
    case 'down-documents':
      loaded.processes.refuse();
      void downDocuments.ask(message.job);
      return;
    case 'config':
      void readConfig(message.path, parent, loaded);
      return;
    case 'stop':
      void run?.stop();
      return;
  }
});
