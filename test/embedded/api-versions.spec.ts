import { Cluster } from '../../lib/testing/broker/cluster.js';
import { SystemClock } from '../../lib/testing/broker/clock.js';
import { apiVersions } from '../../lib/testing/broker/apis/api-versions.js';
import { findCoordinator } from '../../lib/testing/broker/apis/find-coordinator.js';
import { registry } from '../../lib/testing/broker/apis/registry.js';
import { FaultList } from '../../lib/testing/broker/faults/fault-list.js';
import { BrokerServer } from '../../lib/testing/broker/server/broker-server.js';
import { RawClient } from '../support/raw-client.js';

describe('the embedded broker', () => {
  const cluster = new Cluster({ brokers: 2 }, new SystemClock());
  const servers = cluster.nodes.map(node => new BrokerServer({ cluster, node, faults: new FaultList(), defect: error => { throw error; } }));
  let client: RawClient;

  beforeAll(async () => {
    for (const server of servers) await server.listen(0);
    client = await RawClient.connect(servers[0]?.host.node.address ?? '');
  });
  afterAll(async () => {
    client.close();
    for (const server of servers) await server.close();
  });

  it.each([0, 1, 2, 3, 4])('announces what it serves, in version %i', async version => {
    const answer = await client.call(apiVersions(() => []), version, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    expect(answer.errorCode).toBe(0);
    expect(answer.apiKeys.map(api => api.apiKey)).toEqual([...registry.keys()]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('names the coordinator of a group, in version %i', async version => {
    const answer = await client.call(findCoordinator, version, { key: 'group', keyType: 0, coordinatorKeys: ['group'] });
    const [found] = version < 4 ? [answer] : answer.coordinators;
    expect(found).toMatchObject({ errorCode: 0, host: '127.0.0.1' });
  });
});
