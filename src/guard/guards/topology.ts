import type { Finding } from '../../observe/finding.ts';
import type { Guard } from '../guard.ts';

/** What the deployment cannot do, said before it is missed. */
export const topology: Guard = {
  id: 'topology',
  about: 'What the deployment cannot do: a standalone, a sharded cluster. Warns.',
  async check({ connection }) {
    const { kind, setName, hosts, serverVersion } = connection.topology;
    const findings: Finding[] = [];
    if (kind === 'standalone')
      findings.push({
        rule: 'topology',
        severity: 'warning',
        place: { name: 'topology' },
        message:
          'The server is a standalone: it has no transactions and no snapshot reads, so a backup is not of one point in time while others write.',
        next: 'Make it a replica set of one: start mongod with --replSet NAME, then type rs.initiate() in mongosh.',
      });
    if (kind === 'sharded')
      findings.push({
        rule: 'topology',
        severity: 'warning',
        place: { name: 'topology' },
        message: 'The deployment is sharded, which mongo-release has not been tested on.',
        next: 'Rehearse the release on a copy of the cluster first.',
      });
    const what = {
      'replica-set': `replica set ${setName ?? ''} with ${hosts.length} visible ${hosts.length === 1 ? 'member' : 'members'}`,
      sharded: 'sharded cluster',
      standalone: 'standalone',
    }[kind];
    return { seen: `${what}, server ${serverVersion}`, findings };
  },
};
