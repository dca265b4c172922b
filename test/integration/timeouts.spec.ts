import { KafkaHandlerTimeoutError } from '../../lib/consumer/errors.js';
import { createTopic, eventually, produce, unique } from '../support/kafka.js';
import { committedOffset, Gate, Groups, records, type Taken } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const aborted = ({ signal }: Taken): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))));
const once = { retries: 1, delayMs: () => 10, retryable: () => true };

describe('a handler that runs longer than its timeout', () => {
  it('has its signal aborted with the reason, has failed, and is tried again with a signal of its own', async () => {
    const [topic, groupId] = [await createTopic('timeout'), unique('group')];
    await produce(topic, 0, records(5));
    const failures: unknown[] = [];
    const listener = { failed: (_: unknown, error: unknown) => void failures.push(error) };
    const handle = (record: Taken): Promise<void> | undefined => (record.offset === 2 && record.attempt === 1 ? aborted(record) : undefined);
    const group = await groups.start({ groupId, topics: [topic], handle, listener, handler: { timeoutMs: 150, retry: once } });
    await eventually(async () => (await committedOffset(groupId, topic)) === 5, { what: 'the commit is at the end' });
    expect(failures).toEqual([expect.any(KafkaHandlerTimeoutError)]);
    const [first, second] = group.started.filter(({ offset }) => offset === 2);
    expect([first.signal.aborted, second.signal.aborted, second.attempt]).toEqual([true, false, 2]);
    expect(group.stats.abandonedCount).toBe(0);
  });

  it('has failed even where it ends well within its grace', async () => {
    const [topic, groupId] = [await createTopic('late'), unique('group')];
    await produce(topic, 0, records(1));
    const handle = (record: Taken): Promise<void> => (record.attempt === 1 ? aborted(record).catch(() => undefined) : Promise.resolve());
    const group = await groups.start({ groupId, topics: [topic], handle, handler: { timeoutMs: 100, retry: once } });
    await group.until('it was tried twice', () => group.finished.length === 2);
    expect(group.stats.failedCount).toBe(1);
    expect(group.stats.processedCount).toBe(1);
  });

  it('keeps slot and key during its grace, and is abandoned after it: the record is tried again beside it, and its end counts for nothing', async () => {
    const [topic, groupId, gate] = [await createTopic('deaf'), unique('group'), new Gate()];
    await produce(topic, 0, records(3, () => 'same'));
    const startedAt = new Map<string, number>();
    const handle = ({ offset, attempt }: Taken): Promise<void> | undefined => {
      startedAt.set(`${offset}.${attempt}`, performance.now());
      return offset === 0 && attempt === 1 ? gate.pass() : undefined;
    };
    const group = await groups.start({ groupId, topics: [topic], handle, handler: { timeoutMs: 100, abortGraceMs: 400, retry: once } });
    await eventually(async () => (await committedOffset(groupId, topic)) === 3, { what: 'the commit is at the end' });
    expect((startedAt.get('0.2') ?? 0) - (startedAt.get('0.1') ?? 0)).toBeGreaterThan(490);
    expect(group.stats.abandonedCount).toBe(1);
    expect(group.offsets()).toEqual([0, 0, 1, 2]);
    gate.open();
    await group.until('it has ended', () => group.inFlight === 0);
    expect(group.stats.processedCount).toBe(3);
  });

  it('leaves nothing to start where as many are abandoned as may be in flight, until one of them ends', async () => {
    const [topic, groupId, gate] = [await createTopic('all-deaf'), unique('group'), new Gate()];
    await produce(topic, 0, records(6));
    const handle = ({ offset }: Taken): Promise<void> | undefined => (offset < 2 ? gate.pass() : undefined);
    const options = { concurrency: 2 };
    const group = await groups.start({ groupId, topics: [topic], handle, options, handler: { timeoutMs: 50, abortGraceMs: 50 } });
    await group.until('both are abandoned', () => group.stats.abandonedCount === 2);
    expect(group.stats.inFlight).toBe(0);
    await produce(topic, 0, records(1));
    await group.until('all have arrived', () => group.stats.partitions[0].highestReceivedOffset === 6);
    expect(group.started.length).toBe(2);
    gate.open();
    await group.until('the others are done', () => group.finished.length === 7);
  });
});

describe('manual acknowledgement', () => {
  const manual = { ack: 'manual' } as const;

  it('completes a record at its ack, which also frees slot and key while the handler goes on', async () => {
    const [topic, groupId, gate] = [await createTopic('ack'), unique('group'), new Gate()];
    await produce(topic, 0, records(4, () => 'same'));
    const handle = ({ delivery, attempt }: Taken): Promise<void> => {
      delivery.ack(attempt);
      return gate.pass();
    };
    const group = await groups.start({ groupId, topics: [topic], handle, handler: manual, options: { concurrency: 1 } });
    await eventually(async () => (await committedOffset(groupId, topic)) === 4, { what: 'the commit is at the end' });
    expect(group.inFlight).toBe(4);
    gate.open();
    await group.until('the handlers have ended', () => group.inFlight === 0);
    expect(group.stats.processedCount).toBe(4);
  });

  it('leaves a record open that was not acknowledged, and lets its timeout run', async () => {
    const [topic, groupId] = [await createTopic('no-ack'), unique('group')];
    await produce(topic, 0, records(3));
    const handle = ({ delivery, offset, attempt }: Taken): void => {
      if (offset !== 1) delivery.ack(attempt);
    };
    const group = await groups.start({ groupId, topics: [topic], handle, handler: { ...manual, timeoutMs: 150, retry: once } });
    await group.until('it is held after two attempts', () => group.stats.heldCount === 1);
    expect(group.started.filter(({ offset }) => offset === 1).length).toBe(2);
    await eventually(async () => (await committedOffset(groupId, topic)) === 1, { what: 'the commit stays at it' });
  });

  it('under "auto", nack fails an attempt that returns', async () => {
    const [topic, groupId] = [await createTopic('nack'), unique('group')];
    await produce(topic, 0, records(1));
    const handle = ({ delivery, attempt }: Taken): void => {
      if (attempt === 1) delivery.nack(attempt, new Error('changed my mind'));
    };
    const group = await groups.start({ groupId, topics: [topic], handle, handler: { retry: once } });
    await eventually(async () => (await committedOffset(groupId, topic)) === 1, { what: 'the commit is at the end' });
    expect(group.stats.failedCount).toBe(1);
    expect(group.started.length).toBe(2);
  });
});

describe('a failure', () => {
  it('is tried as often as the policy says and then skipped, held or retried as the error asks', async () => {
    const [topic, groupId] = [await createTopic('fates'), unique('group')];
    await produce(topic, 0, records(5));
    class Fate extends Error {}
    const handle = ({ offset, attempt }: Taken): boolean => {
      if (offset === 0) throw new Fate('skip');
      if (offset === 1) throw new Fate('exhausted');
      if (offset === 2) throw new Error('plain');
      // Resolving to false is a failure, too.
      return offset !== 3 || attempt === 3;
    };
    const classify = (error: unknown) => ({ kind: error instanceof Fate ? (error.message as 'skip' | 'exhausted') : ('failed' as const), error });
    const handler = { retry: { retries: 2, delayMs: () => 5, retryable: () => true } };
    const group = await groups.start({ groupId, topics: [topic], handle, handler, classify });
    await group.until('all have met their fate', () => group.stats.heldCount === 2 && group.stats.processedCount === 2);
    const attempts = [0, 1, 2, 3, 4].map((offset) => group.started.filter((record) => record.offset === offset).length);
    expect(attempts).toEqual([1, 1, 3, 3, 1]);
    expect(group.stats.skippedCount).toBe(1);
    await eventually(async () => (await committedOffset(groupId, topic)) === 1, { what: 'the commit is at the first held one' });
  });
});
