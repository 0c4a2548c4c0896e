import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { MongoClient } from 'mongodb';
import { acquireLease } from '../../../src/migration/lease/lease.ts';
import { thisProcess } from '../../../src/migration/lease/owner-process.ts';
import { ownNames } from '../../../src/mongo/own.ts';

// A run that takes the lease, and is asked to do something under it: what it then says is the first thing that it does.
const client = await MongoClient.connect(process.argv[2] as string);
const holder = {
  ...{ host: hostname(), pid: process.pid, releaseId: 'r-child', command: 'migrate' },
  process: thisProcess(),
};
const lease = await acquireLease(client.db(), ownNames(), { ttlMs: Number(process.argv[3] ?? 800), waitMs: 0, holder });
console.log('held');
for await (const _line of createInterface({ input: process.stdin })) {
  try {
    lease.assertHeld();
    console.log('still held');
  } catch (error) {
    console.log((error as { code: string }).code);
  }
}
await lease.release();
await client.close();
