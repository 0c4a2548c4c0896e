/** Run by runner.test.ts as a process of its own, to be killed: starts a migration that never ends, prints its pid. */
import { join } from 'node:path';
import { startChild } from '../../src/migration/child-process.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';

const [dir = '', uri = '', database = ''] = process.argv.slice(2);
const child = startChild(
  { projectDir: dir, import: 'native', environment: {}, timeLimitMs: 60_000 },
  new Log(() => {}, new Secrets()),
  (message) => {
    if (message.type === 'state' && message.state.effects.inserted > 0) console.log(child.process.pid);
  },
);
const job = { name: 'never', path: join(dir, 'never.mjs'), direction: 'up', uri, database, showValues: false } as const;
child.send({ type: 'run', job });
