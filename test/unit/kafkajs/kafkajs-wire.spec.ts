import type { KafkaConfig } from 'kafkajs';
import type { GroupLog } from '../../../lib/consumer/group-consumer.js';
import type { JoinRequest, Wire } from '../../../lib/consumer/wire.js';
import { kafkajsWire } from '../../../lib/kafkajs/kafkajs-wire.js';
import { eventually } from '../../support/kafka.js';
import { ApiKey, FakeBroker, int16, int32, text, versions } from './fake-broker.js';

const REQUEST_MS = 150;
const NOT_COORDINATOR = 16;
const LOAD_IN_PROGRESS = 14;
const identity = { memberId: 'm', generation: 1 };
const joinRequest: JoinRequest = { memberId: 'm', sessionTimeoutMs: 1_000, rebalanceTimeoutMs: 60_000, protocols: [{ name: 'p', topics: ['t'], userData: Buffer.alloc(0) }] };

describe('the wire', () => {
  let broker: FakeBroker;
  let lines: string[];
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    broker = await listen();
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).reverse().map(each => each.close()));
  });

  async function listen(): Promise<FakeBroker> {
    const fake = await FakeBroker.listen();
    opened.push(fake);
    return fake;
  }
  function wireOf(client: Partial<KafkaConfig> = {}): Wire {
    const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
    const log: GroupLog = { info: at('info'), warn: at('warn'), error: at('error'), debug: null };
    const wire = kafkajsWire({
      client: { brokers: [broker.name], requestTimeout: REQUEST_MS, retry: { retries: 0, initialRetryTime: 10 }, ...client },
      groupId: 'g', sessionTimeoutMs: 1_000, log,
    })();
    opened.push(wire);
    return wire;
  }
  async function connected(client?: Partial<KafkaConfig>): Promise<Wire> {
    const wire = wireOf(client);
    await wire.connect();
    return wire;
  }
  const fetchOf = (wire: Wire) => wire.fetch({ leader: 1, maxWaitMs: 50, minBytes: 1, maxBytes: 1, maxBytesPerPartition: 1, isolation: 'read_committed', positions: [{ topic: 't', partition: 0, offset: 0 }] });

  it('is unavailable where a broker takes the connection and never answers, and gives the connection up', async () => {
    broker.on(ApiKey.ApiVersions, () => null);
    await expect(wireOf().connect()).rejects.toMatchObject({ name: 'WireError', kind: 'unavailable', code: 'NO_ANSWER' });
    expect(broker.connections).toBe(1);
    await eventually(() => broker.sockets.size === 0, { what: 'the connection is closed' });
  });

  it('tries the other brokers, and tries again as often as it is told', async () => {
    const wire = await connected({ brokers: ['127.0.0.1:1', broker.name] });
    expect((await wire.metadata(['t'])).size).toBe(0);
    let refused = 2;
    broker.on(ApiKey.ApiVersions, () => (refused-- > 0 ? 'cut' : versions({ [ApiKey.Metadata]: [1, 1] })));
    await connected({ retry: { retries: 2, initialRetryTime: 10 } });
    expect(refused).toBe(-1);
  });

  it('says what is wrong with a configuration without brokers', () => {
    return expect(wireOf({ brokers: [] }).connect()).rejects.toMatchObject({ kind: 'fatal', message: expect.stringContaining('brokers') as string });
  });

  it('gives up a connection on which a request is not answered, and opens another for the next one', async () => {
    const wire = await connected();
    broker.on(ApiKey.Heartbeat, () => null);
    await expect(wire.heartbeat(identity)).rejects.toMatchObject({ kind: 'unavailable', code: 'NO_ANSWER' });
    const before = broker.connections;
    broker.on(ApiKey.Heartbeat, () => int16(0));
    expect(await wire.heartbeat(identity)).toBe('ok');
    expect(broker.connections).toBe(before + 1);
    await eventually(() => broker.sockets.size === 2, { what: 'only the connection of the search and that of the heartbeats are left' });
  });

  it('repeats a heartbeat whose connection was cut', async () => {
    const wire = await connected();
    let cut = 1;
    broker.on(ApiKey.Heartbeat, () => (cut-- > 0 ? 'cut' : int16(27)));
    expect(await wire.heartbeat(identity)).toBe('rebalancing');
  });

  it('follows the coordinator to another broker', async () => {
    const other = await listen();
    const wire = await connected();
    expect(await wire.heartbeat(identity)).toBe('ok');
    broker.on(ApiKey.Heartbeat, () => int16(NOT_COORDINATOR));
    broker.on(ApiKey.FindCoordinator, () => Buffer.concat([int16(0), other.asCoordinator()]));
    expect(await wire.heartbeat(identity)).toBe('ok');
    expect([broker.count(ApiKey.Heartbeat), other.count(ApiKey.Heartbeat)]).toEqual([2, 1]);
  });

  it('waits for a coordinator that loads, without searching for another', async () => {
    const wire = await connected();
    let loading = 2;
    broker.on(ApiKey.Heartbeat, () => int16(loading-- > 0 ? LOAD_IN_PROGRESS : 0));
    expect(await wire.heartbeat(identity)).toBe('ok');
    expect(broker.count(ApiKey.FindCoordinator)).toBe(1);
  });

  it('ends the search for a coordinator at the deadline, and that of one that hangs, too', async () => {
    const wire = await connected();
    broker.on(ApiKey.FindCoordinator, () => Buffer.concat([int16(15), int32(-1), text(''), int32(-1)]));
    const started = performance.now();
    await expect(wire.heartbeat(identity)).rejects.toMatchObject({ kind: 'unavailable', code: 'COORDINATOR_NOT_AVAILABLE' });
    broker.on(ApiKey.FindCoordinator, () => null);
    await expect(wire.committed([{ topic: 't', partition: 0 }])).rejects.toMatchObject({ kind: 'unavailable', code: 'NO_ANSWER' });
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('tells a join that waits as soon as the coordinator has moved', async () => {
    const other = await listen();
    const wire = await connected();
    broker.on(ApiKey.JoinGroup, () => null);
    const parked = wire.join(joinRequest);
    const outcome = expect(parked).rejects.toMatchObject({ kind: 'moved', code: 'COORDINATOR_MOVED' });
    await eventually(() => broker.count(ApiKey.JoinGroup) === 1, { what: 'the join waits' });
    broker.on(ApiKey.Heartbeat, () => int16(NOT_COORDINATOR));
    broker.on(ApiKey.FindCoordinator, () => Buffer.concat([int16(0), other.asCoordinator()]));
    expect(await wire.heartbeat(identity)).toBe('ok');
    await outcome;
  });

  it('does not repeat a join whose connection was cut while it waited', async () => {
    const wire = await connected();
    broker.on(ApiKey.JoinGroup, () => 'cut');
    await expect(wire.join(joinRequest)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(broker.count(ApiKey.JoinGroup)).toBe(1);
  });

  it('calls a reply that nobody can read unavailable', async () => {
    const wire = await connected();
    broker.on(ApiKey.Metadata, () => Buffer.from([0, 0, 0, 5]));
    await expect(wire.metadata(['t'])).rejects.toMatchObject({ kind: 'unavailable', code: 'INVALID_RESPONSE' });
    broker.on(ApiKey.Fetch, () => Buffer.alloc(20, 0xff));
    await expect(fetchOf(wire)).rejects.toMatchObject({ kind: 'moved', code: 'BROKER_UNKNOWN' });
  });

  it('refuses a broker that does not speak a version of Fetch that it speaks', async () => {
    broker.on(ApiKey.ApiVersions, () => versions({ [ApiKey.Fetch]: [0, 3], [ApiKey.Metadata]: [1, 1] }));
    const wire = await connected();
    await wire.metadata(['t']);
    await expect(fetchOf(wire)).rejects.toMatchObject({ kind: 'fatal', code: 'UNSUPPORTED_VERSION', message: expect.stringContaining('0 to 3') as string });
  });

  it('calls wrong credentials fatal, and does not try again', async () => {
    broker.on(ApiKey.SaslHandshake, () => Buffer.concat([int16(33), int32(0)]));
    const failure = wireOf({ sasl: { mechanism: 'plain', username: 'u', password: 'p' }, retry: { retries: 5, initialRetryTime: 10 } }).connect();
    await expect(failure).rejects.toMatchObject({ kind: 'fatal' });
    expect(broker.count(ApiKey.SaslHandshake)).toBe(1);
  });

  it('does not wait for ever where the connection breaks in the middle of SASL', async () => {
    broker.on(ApiKey.SaslHandshake, () => null);
    await expect(wireOf({ sasl: { mechanism: 'plain', username: 'u', password: 'p' } }).connect()).rejects.toMatchObject({ kind: 'unavailable', code: 'NO_ANSWER' });
  });

  it('leaves neither a connection nor a timer behind when it is closed, whatever it was doing', async () => {
    const resources = (): string[] => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout' || kind === 'TCPSocketWrap' || kind === 'GetAddrInfoReqWrap');
    // A socket that an earlier test has closed is here for a moment yet, and would pass for one that is gone.
    await eventually(() => !resources().includes('TCPSocketWrap'), { what: 'the sockets of the tests before are gone', show: resources });
    const before = resources();
    const wire = await connected();
    await wire.metadata(['t']);
    await wire.heartbeat(identity);
    for (const key of [ApiKey.JoinGroup, ApiKey.Fetch, ApiKey.OffsetFetch]) broker.on(key, () => null);
    const waiting = [wire.join(joinRequest), fetchOf(wire), wire.committed([{ topic: 't', partition: 0 }])];
    const outcomes = Promise.allSettled(waiting);
    await eventually(() => broker.count(ApiKey.JoinGroup) + broker.count(ApiKey.Fetch) + broker.count(ApiKey.OffsetFetch) === 3, { what: 'all wait', within: 2_000, show: () => [...broker.received] });
    await wire.close();
    expect((await outcomes).map(outcome => outcome.status === 'rejected' && (outcome.reason as { code: string }).code)).toEqual(['CLOSED', 'CLOSED', 'CLOSED']);
    await eventually(() => broker.sockets.size === 0, { what: 'the broker sees all connections closed' });
    await eventually(
      async () => {
        // The timer that asks is still there in its own callback.
        await new Promise(resolve => setImmediate(resolve));
        return resources().length === before.length;
      },
      { what: 'no handle is left', within: 2_000, show: resources },
    );
    await expect(wire.heartbeat(identity)).rejects.toMatchObject({ kind: 'unavailable', code: 'CLOSED' });
  });

  it('can be closed while it connects, and stays closed', async () => {
    broker.on(ApiKey.ApiVersions, () => null);
    const wire = wireOf({ requestTimeout: 60_000, retry: { retries: 5, initialRetryTime: 10 } });
    const outcome = expect(wire.connect()).rejects.toMatchObject({ code: 'CLOSED' });
    await eventually(() => broker.connections === 1, { what: 'it connects' });
    await wire.close();
    await outcome;
    await eventually(() => broker.sockets.size === 0, { what: 'the connection is closed' });
    expect(broker.connections).toBe(1);
  });

  it('writes a warning for a broker that is away, once, and nothing for what it ends itself', async () => {
    const wire = await connected();
    broker.on(ApiKey.Heartbeat, () => null);
    await expect(wire.heartbeat(identity)).rejects.toMatchObject({ kind: 'unavailable' });
    await wire.close();
    expect(lines).toEqual([]);
    const away = wireOf({ brokers: ['127.0.0.1:1'], retry: { retries: 3, initialRetryTime: 5 } });
    await expect(away.connect()).rejects.toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' });
    expect(lines).toEqual([expect.stringMatching(/^warn \[Connection\] .*ECONNREFUSED/)]);
  });
});
