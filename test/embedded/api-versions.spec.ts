import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { apiVersions } from '../../lib/testing/broker/apis/api-versions.js';
import { findCoordinator } from '../../lib/testing/broker/apis/find-coordinator.js';
import { registry } from '../../lib/testing/broker/apis/registry.js';
import { Reader } from '../../lib/testing/broker/protocol/reader.js';
import { RawClient } from '../support/raw-client.js';

const api = apiVersions(() => []);
const asked = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };

describe('the embedded broker tells what it can', () => {
  let kafka: EmbeddedKafka;
  let client: RawClient;
  beforeAll(async () => {
    kafka = await EmbeddedKafka.start({ brokers: 2 });
    client = await RawClient.connect(kafka.brokers[0]);
  });
  afterAll(async () => {
    client.close();
    await kafka.stop();
  });

  it.each([0, 1, 2, 3, 4])('announces what it serves, in version %i', async version => {
    const answer = await client.call(api, version, asked);
    expect(answer.errorCode).toBe(0);
    expect(answer.apiKeys.map(({ apiKey }) => apiKey)).toEqual([...registry.keys()]);
  });

  it('announces Produce from version 0, which librdkafka looks for, and refuses those below 3', async () => {
    const { apiKeys } = await client.call(api, 0, asked);
    expect(apiKeys.find(({ apiKey }) => apiKey === 0)).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 13 });
  });

  it('answers a version that it does not know in version 0, so that the client can ask again', async () => {
    const asVersion0: typeof api.response = { ...api.response, read: from => {
      const reader = new Reader(from.buffer, 0, false, from.position);
      const answer = api.response.read(reader);
      from.position = reader.position;
      return answer;
    } };
    const answer = await client.call({ ...api, response: asVersion0 }, 99, asked);
    expect(answer).toMatchObject({ errorCode: 35, throttleTimeMs: 0 });
    expect(answer.apiKeys.map(({ apiKey }) => apiKey)).toEqual([...registry.keys()]);
  });

  it('closes the connection on a version of another API that it does not know', async () => {
    const other = await RawClient.connect(kafka.brokers[0]);
    await expect(other.call(findCoordinator, 99, { key: 'group', keyType: 0, coordinatorKeys: [] })).rejects.toThrow('closed the connection');
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('names the coordinator of a group, in version %i', async version => {
    const answer = await client.call(findCoordinator, version, { key: 'group', keyType: 0, coordinatorKeys: ['group'] });
    const [found] = version < 4 ? [answer] : answer.coordinators;
    expect(found).toMatchObject({ errorCode: 0, host: '127.0.0.1' });
    expect(kafka.brokers).toContain(`${found.host}:${found.port}`);
  });

  it('spreads coordinators over its brokers', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `group-${index}`);
    const { coordinators } = await client.call(findCoordinator, 4, { key: '', keyType: 0, coordinatorKeys: keys });
    expect(new Set(coordinators.map(({ nodeId }) => nodeId))).toEqual(new Set([1, 2]));
  });
});
