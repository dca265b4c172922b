import { TopicMetadata } from '../../../lib/consumer/topic-metadata.js';
import { FakeFetchWire, FakeLog, ManualClock, settle, wireError } from '../../support/fake-fetch-wire.js';

const MAX_AGE_MS = 60_000;

function setUp(topics = ['orders'], matches: ((topic: string) => boolean) | null = null) {
  const clock = new ManualClock();
  const wire = new FakeFetchWire().topic('orders', 2);
  const log = new FakeLog();
  const metadata = new TopicMetadata({ wire, clock, log, topics, matches, options: { metadataMaxAgeMs: MAX_AGE_MS } });
  const changes: string[] = [];
  metadata.onChange((change) => changes.push(change));
  const ready = async (): Promise<void> => {
    const first = metadata.refresh();
    await clock.pass(0);
    await first;
  };
  return { clock, wire, log, metadata, changes, ready };
}

describe('topic metadata', () => {
  it('knows partitions and leaders after a refresh, and topics that do not exist are absent', async () => {
    const { wire, metadata, ready } = setUp(['orders', 'missing']);
    wire.set('orders', 1, { leader: 7 });
    await ready();
    expect([...metadata.topics.keys()]).toEqual(['orders']);
    expect(metadata.topics.get('orders')?.partitions).toHaveLength(2);
    expect([metadata.leaderOf('orders', 0), metadata.leaderOf('orders', 1), metadata.leaderOf('missing', 0)]).toEqual([1, 7, null]);
  });

  it('makes one request of wishes that come together, and none sooner than 200 ms after the last', async () => {
    const { clock, wire, metadata, ready } = setUp();
    await ready();
    for (let wish = 0; wish < 10; wish++) metadata.request('moved');
    await clock.pass(199);
    expect(wire.asked.metadata).toBe(1);
    await clock.pass(1);
    expect(wire.asked.metadata).toBe(2);
    await clock.pass(1000);
    expect(wire.asked.metadata).toBe(2);
  });

  it('answers a wish that comes while a request is under way with the next one', async () => {
    const { clock, wire, metadata, ready } = setUp();
    await ready();
    await clock.pass(1000);
    let answer: ((value: Map<string, never>) => void) | undefined;
    const ask = jest.spyOn(wire, 'metadata').mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    metadata.request('first');
    await clock.pass(0);
    const second = metadata.refresh('second');
    wire.set('orders', 0, { leader: 9 });
    answer?.(new Map<string, never>());
    await clock.pass(200);
    await second;
    expect(ask).toHaveBeenCalledTimes(2);
    expect(metadata.leaderOf('orders', 0)).toBe(9);
  });

  it('asks again when it is too old, and tells of new partitions', async () => {
    const { clock, wire, changes, ready } = setUp();
    await ready();
    wire.topic('orders', 5);
    await clock.pass(MAX_AGE_MS);
    expect(changes).toEqual(['topic orders has 5 partitions, 2 before']);
  });

  it('looks for a missing topic until it is there, and tells of it', async () => {
    const { clock, wire, changes, metadata, ready } = setUp(['orders', 'payments']);
    await ready();
    wire.topic('payments', 1);
    await clock.pass(2000);
    expect(changes).toEqual(['topic payments is there now']);
    expect(metadata.topics.has('payments')).toBe(true);
  });

  it('keeps a topic that one answer leaves out, and believes the third', async () => {
    const { clock, wire, changes, metadata, ready } = setUp();
    await ready();
    const layout = wire.partitions.get('orders');
    wire.partitions.delete('orders');
    metadata.request('test');
    await clock.pass(200);
    expect(metadata.leaderOf('orders', 0)).toBe(1);
    if (layout) wire.partitions.set('orders', layout);
    await clock.pass(2000);
    wire.partitions.delete('orders');
    await clock.pass(MAX_AGE_MS + 3 * 2000);
    expect(changes).toEqual(['topic orders is gone']);
    expect(metadata.leaderOf('orders', 0)).toBeNull();
  });

  it('gives up a topic that Kafka refuses to tell of, but not the others, says why once, and takes it again', async () => {
    const { clock, wire, log, changes, metadata, ready } = setUp(['orders', 'payments']);
    wire.topic('payments', 1);
    await ready();
    wire.refusals.set('payments', wireError('fatal'));
    wire.topic('orders', 3);
    await clock.pass(MAX_AGE_MS + 3 * 2000);
    expect([...metadata.topics.keys()]).toEqual(['orders']);
    expect(log.errors).toEqual([expect.stringContaining('A topic is given up until Kafka tells of it again: scripted: fatal')]);
    wire.refusals.clear();
    await clock.pass(2000);
    expect(changes).toEqual(['topic orders has 3 partitions, 2 before', 'topic payments is gone', 'topic payments is there now']);
  });

  it('asks more often while a partition has no leader', async () => {
    const { clock, wire, metadata, ready } = setUp();
    wire.set('orders', 0, { leader: null });
    await ready();
    wire.set('orders', 0, { leader: 3 });
    await clock.pass(500);
    expect(metadata.leaderOf('orders', 0)).toBe(3);
  });

  it('backs off when brokers do not answer, tells whoever waits, keeps what it knew, and recovers by itself', async () => {
    const { clock, wire, log, metadata, ready } = setUp();
    await ready();
    await clock.pass(1000);
    wire.failures.metadata.push(...Array.from({ length: 4 }, () => wireError('unavailable')));
    const refreshed = expect(metadata.refresh()).rejects.toMatchObject({ kind: 'unavailable' });
    await clock.pass(0);
    await refreshed;
    expect(metadata.leaderOf('orders', 0)).toBe(1);
    await clock.pass(200 + 400);
    expect(wire.asked.metadata).toBe(4);
    await clock.pass(799);
    expect(wire.asked.metadata).toBe(4);
    wire.set('orders', 0, { leader: 2 });
    await clock.pass(1 + 1600);
    expect(metadata.leaderOf('orders', 0)).toBe(2);
    expect(log.warnings).toHaveLength(1);
  });

  it('leaves no timer behind when it is stopped, and rejects who still waits', async () => {
    const { clock, metadata, ready } = setUp();
    await ready();
    const waiting = expect(metadata.refresh()).rejects.toThrow('stopped');
    metadata.stop();
    await waiting;
    await settle();
    expect(clock.timerCount).toBe(0);
    await expect(metadata.refresh()).rejects.toThrow('stopped');
  });
});

describe('topic metadata with patterns', () => {
  const payments = (topic: string): boolean => topic.startsWith('payments.');
  const names = (metadata: TopicMetadata): string[] => [...metadata.topics.keys()].sort();

  it('has the topics of the cluster that match, and those that are named, and no others', async () => {
    const { wire, metadata, ready } = setUp(['orders', 'missing'], payments);
    wire.topic('payments.eu', 1).topic('invoices', 1);
    await ready();
    expect(names(metadata)).toEqual(['orders', 'payments.eu']);
  });

  it('finds those that come later when the listing is too old, however often leaders are asked for meanwhile', async () => {
    const { clock, wire, metadata, changes, ready } = setUp([], payments);
    await ready();
    wire.topic('payments.eu', 1).topic('invoices', 1);
    for (let asked = 0; asked < 5; asked++) {
      await clock.pass(MAX_AGE_MS / 6);
      metadata.request('moved');
    }
    expect([names(metadata), wire.asked.topics]).toEqual([[], 1]);
    await clock.pass(MAX_AGE_MS / 6);
    expect([names(metadata), wire.asked.topics]).toEqual([['payments.eu'], 2]);
    expect(changes).toEqual(['topic payments.eu is there now']);
  });

  it('asks again soon for one that is listed and has no partitions yet', async () => {
    const { clock, wire, metadata, ready } = setUp([], payments);
    wire.listed.push('payments.new');
    await ready();
    wire.topic('payments.new', 1);
    await clock.pass(2000);
    expect(names(metadata)).toEqual(['payments.new']);
  });

  it('looks into the cluster before it believes that one is gone', async () => {
    const { clock, wire, metadata, changes, ready } = setUp([], payments);
    wire.topic('payments.eu', 1).topic('payments.us', 1);
    await ready();
    wire.partitions.delete('payments.us');
    metadata.request('moved');
    await clock.pass(200);
    expect(names(metadata)).toEqual(['payments.eu', 'payments.us']);
    await clock.pass(2 * 2000);
    expect(changes).toEqual(['topic payments.us is gone']);
    await clock.pass(MAX_AGE_MS);
    expect(names(metadata)).toEqual(['payments.eu']);
  });

  it('looks at once where the group assembles, but not when it has just looked, and not without patterns', async () => {
    const { clock, wire, metadata, ready } = setUp([], payments);
    await ready();
    await clock.pass(1000);
    wire.topic('payments.eu', 1);
    const looked = Promise.all([metadata.lookForTopics(), metadata.lookForTopics()]);
    await clock.pass(100);
    await looked;
    expect([names(metadata), wire.asked.topics]).toEqual([['payments.eu'], 2]);
    await metadata.lookForTopics();
    expect(wire.asked.topics).toBe(2);
    const plain = setUp();
    await plain.ready();
    await plain.metadata.lookForTopics();
    expect(plain.wire.asked).toMatchObject({ topics: 0, metadata: 1 });
  });

  it('keeps nobody waiting for a cluster that does not answer', async () => {
    const { clock, wire, metadata, ready } = setUp([], payments);
    await ready();
    await clock.pass(1000);
    wire.failures.metadata.push(wireError('unavailable'));
    const failed = metadata.lookForTopics();
    await clock.pass(200);
    await failed;
    await clock.pass(2000);
    jest.spyOn(wire, 'topics').mockReturnValue(new Promise(() => {}));
    const silent = metadata.lookForTopics();
    await clock.pass(1000);
    await silent;
  });
});
