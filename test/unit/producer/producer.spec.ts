import fc from 'fast-check';
import { WireError } from '../../../lib/consumer/wire.js';
import { defaultPartitioner } from '../../../lib/producer/partitioner.js';
import { Producer } from '../../../lib/producer/producer.js';
import type { ProducerSettings } from '../../../lib/producer/producer-settings.js';
import type { UnroutedRecord } from '../../../lib/producer/send-call.js';
import { type Fate, ModelBroker } from './model-broker.js';
import { VirtualClock } from './virtual-clock.js';

const SETTINGS: ProducerSettings = {
  name: 'The producer',
  isIdempotent: true,
  partitioner: defaultPartitioner(),
  deliveryTimeoutMs: 10_000,
  retry: { retries: Infinity, initialMs: 50, multiplier: 2, maxMs: 1000, factor: 0 },
  metadataMaxAgeMs: 300_000,
  bufferBytes: 1_000_000,
};

function harness(wire: ModelBroker, settings: Partial<ProducerSettings> = {}) {
  const clock = new VirtualClock();
  const producer = new Producer({ wire, clock, settings: { ...SETTINGS, ...settings }, log: { info() {}, warn() {}, error() {}, debug: null } });
  const send = (topic: string, values: readonly string[], wanted: number | undefined = 0) =>
    producer.send({ topic, acks: -1, compression: 0, records: values.map((value) => record(value, wanted)) });
  return { clock, producer, send };
}

function record(value: string, wanted?: number): UnroutedRecord {
  return { key: null, value: Buffer.from(value), headers: [], timestampMs: 0, bytes: value.length, wanted };
}

/** What is sent, in this order: a wave of calls that do not wait for each other, with a partition and a number of records each. */
const waves = fc.array(fc.array(fc.record({ partition: fc.nat(2), count: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });
const fates = fc.array(fc.constantFrom<Fate>('answered', 'answered', 'unsent', 'unanswered', 'delayed', 'moved'), { maxLength: 40 });

interface Sent {
  readonly partition: number;
  readonly value: string;
  /** Null where the call was rejected. */
  readonly offset: number | null;
}

async function history(plan: readonly (readonly { partition: number; count: number }[])[], script: readonly Fate[], settings: Partial<ProducerSettings>): Promise<{ sent: Sent[]; broker: ModelBroker }> {
  const left = [...script];
  const broker = new ModelBroker(3, () => left.shift() ?? 'answered');
  const { clock, send } = harness(broker, settings);
  const sent: Promise<Sent[]>[] = [];
  for (const [wave, calls] of plan.entries()) {
    const turn = calls.map(async ({ partition, count }, call): Promise<Sent[]> => {
      const values = Array.from({ length: count }, (_, index) => `${wave}.${call}.${index}`);
      const metadata = await send('t', values, partition).catch(() => null);
      return values.map((value, index) => ({ partition, value, offset: metadata === null ? null : Number(metadata[index]?.baseOffset) }));
    });
    sent.push(...turn);
    // Every other wave goes out while the one before is under way.
    if (wave % 2 === 1) await clock.run(Promise.all(turn));
  }
  return { sent: (await clock.run(Promise.all(sent))).flat(), broker };
}

describe('whatever becomes of requests', () => {
  test('an acknowledged record is in the log once, where it was said to be, in the order of the calls', async () => {
    await fc.assert(
      fc.asyncProperty(waves, fates, fc.constantFrom(0, 1, Infinity), async (plan, script, retries) => {
        const { sent, broker } = await history(plan, script, { retry: { ...SETTINGS.retry, retries } });
        for (const partition of [0, 1, 2]) {
          const log = broker.log('t', partition);
          const acknowledged = sent.filter((each) => each.partition === partition && each.offset !== null);
          expect(acknowledged.map(({ offset }) => log[offset ?? -1])).toEqual(acknowledged.map(({ value }) => value));
          expect(acknowledged.map(({ offset }) => offset)).toEqual(acknowledged.map(({ offset }) => offset).sort((a, b) => Number(a) - Number(b)));
          expect(new Set(log).size).toBe(log.length);
        }
        if (retries === Infinity) expect(sent.filter(({ offset }) => offset === null)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('coalescing', () => {
  test('what is sent in one turn is one request for each leader, and what is sent meanwhile the next', async () => {
    const broker = new ModelBroker(4);
    const { clock, send } = harness(broker);
    await clock.run(send('t', ['known']));
    broker.requests.length = 0;
    const first = Array.from({ length: 40 }, (_, index) => send('t', [String(index)], index % 4));
    await new Promise((resolve) => setImmediate(resolve));
    const second = Array.from({ length: 40 }, (_, index) => send('t', [String(40 + index)], index % 4));
    await clock.run(Promise.all([...first, ...second]));
    expect(broker.requests.map(({ leader, batches }) => [leader, batches.map(({ records }) => records.length)])).toEqual([
      [0, [10, 10]], [1, [10, 10]], [0, [10, 10]], [1, [10, 10]],
    ]);
  });

  test('calls with other acks or compression are batches of their own, in order', async () => {
    const broker = new ModelBroker(1);
    const { clock, producer } = harness(broker);
    const calls = ([-1, -1, 1, -1] as const).map((acks, index) => producer.send({ topic: 't', acks, compression: 0, records: [record(String(index), 0)] }));
    await clock.run(Promise.all(calls));
    expect(broker.requests.map(({ acks, batches }) => [acks, batches[0]?.records.length, batches[0]?.identity !== null])).toEqual([[-1, 2, true], [1, 1, false], [-1, 1, true]]);
    expect(broker.log('t')).toEqual(['0', '1', '2', '3']);
  });

  test('a batch ends where a broker would refuse it, and a larger record goes alone', async () => {
    const broker = new ModelBroker(1);
    broker.maxBatchBytes = 10_000_000;
    const { clock, send } = harness(broker, { bufferBytes: 1e9 });
    const sizes = [400_000, 400_000, 400_000, 3_000_000, 1];
    await clock.run(send('t', sizes.map((size) => 'x'.repeat(size))));
    expect(broker.requests.map(({ batches }) => batches.map(({ records }) => records.map(({ bytes }) => bytes)))).toEqual([[[400_000, 400_000]], [[400_000]], [[3_000_000]], [[1]]]);
  });
});

describe('what a broker refuses', () => {
  test('a record above its limit is rejected alone, however low the limit is', async () => {
    const broker = new ModelBroker(1);
    broker.maxBatchBytes = 25;
    const { clock, send } = harness(broker);
    const values = ['a'.repeat(10), 'b'.repeat(30), 'c'.repeat(10), 'd'.repeat(10), 'e'.repeat(10)];
    const outcomes = await clock.run(Promise.allSettled(values.map((value) => send('t', [value]))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(broker.log('t').map((value) => value[0])).toEqual(['a', 'c', 'd', 'e']);
  });

  test('a record that it names is rejected, and its neighbours are written in order', async () => {
    const broker = new ModelBroker(1);
    broker.refused = new Set(['bad']);
    const { clock, send } = harness(broker);
    const outcomes = await clock.run(Promise.allSettled(['a', 'bad', 'b'].map((value) => send('t', [value]))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(broker.log('t')).toEqual(['a', 'b']);
  });
});

describe('topics', () => {
  test('one that is missing is asked for six times, rejects what waits for it, and holds up no other', async () => {
    const broker = new ModelBroker(1);
    broker.missing = new Set(['none']);
    const { clock, send } = harness(broker);
    const missing = Promise.allSettled([send('none', ['a']), send('none', ['b'])]);
    await clock.run(send('t', ['c']));
    expect((await clock.run(missing)).map((each) => each.status === 'rejected' && (each.reason as Error).name)).toEqual(['KafkaUnknownTopicError', 'KafkaUnknownTopicError']);
    expect(broker.metadataRequests).toBe(6);
  });

  test('one that Kafka refuses rejects what waits for it at once, is asked for again by the next send, and holds up no other', async () => {
    const broker = new ModelBroker(1);
    broker.denied = new Map([['secret', new WireError('fatal', 'TOPIC_AUTHORIZATION_FAILED', 'Not allowed.')]]);
    const { clock, send } = harness(broker);
    const refused = send('secret', ['a']);
    const other = send('t', ['b']);
    await expect(clock.run(refused)).rejects.toThrow('Nothing can be sent to topic secret: Not allowed.');
    await clock.run(other);
    expect(clock.now()).toBeLessThan(200);
    broker.denied = new Map();
    await clock.run(send('secret', ['c']));
    expect(broker.log('secret')).toEqual(['c']);
  });

  test('one with a passing trouble is asked for until that or the time of the send is over, and then no more', async () => {
    const broker = new ModelBroker(1);
    broker.denied = new Map([['slow', new WireError('unavailable', 'INVALID_REPLICATION_FACTOR', 'Too few brokers.')]]);
    const { clock, send } = harness(broker);
    const late = send('slow', ['a']);
    await clock.run(send('t', ['b']));
    await expect(clock.run(late)).rejects.toThrow(/within 10000 ms/);
    const asked = broker.metadataRequests;
    await clock.run(new Promise<void>((resolve) => void clock.later(10_000, resolve)));
    expect(broker.metadataRequests - asked).toBeLessThanOrEqual(1);
    const sent = send('slow', ['c']);
    clock.later(1000, () => (broker.denied = new Map()));
    await clock.run(sent);
    expect(broker.log('slow')).toEqual(['c']);
  });

  test('one that nobody sends to any more is never asked for', async () => {
    const broker = new ModelBroker(1);
    const { clock, send } = harness(broker);
    await clock.run(send('t', ['a']));
    const asked = broker.metadataRequests;
    await clock.run(new Promise<void>((resolve) => void clock.later(1_000_000, resolve)));
    expect(broker.metadataRequests).toBe(asked);
    await clock.run(send('t', ['b']));
    await clock.run(new Promise<void>((resolve) => void clock.later(1000, resolve)));
    expect(broker.metadataRequests).toBe(asked + 1);
  });

  test('a partition that was added is found when somebody names it', async () => {
    const broker = new ModelBroker(1);
    const { clock, send } = harness(broker);
    await clock.run(send('t', ['a']));
    broker.partitions = 2;
    expect(await clock.run(send('t', ['b'], 1))).toMatchObject([{ partition: 1 }]);
    await expect(clock.run(send('t', ['c'], 2))).rejects.toThrow('Topic t has no partition 2; it has 2, from 0 to 1.');
  });
});

describe('time', () => {
  test('a send whose time is over is rejected, and what is sent later goes under another identity', async () => {
    let isAway = false;
    const broker = new ModelBroker(1, () => (isAway ? 'unsent' : 'answered'));
    const { clock, send } = harness(broker);
    await clock.run(send('t', ['a']));
    isAway = true;
    const late = send('t', ['late']);
    await expect(clock.run(late)).rejects.toThrow(/t\/0 was not acknowledged within 10000 ms \(deliveryTimeoutMs\)\. The last answer: Produce: no answer\./);
    expect(clock.now()).toBeGreaterThanOrEqual(10_000);
    expect(clock.now()).toBeLessThan(12_000);
    isAway = false;
    await clock.run(send('t', ['b']));
    expect(broker.identities).toBe(2);
    expect(broker.log('t')).toEqual(['a', 'b']);
  });

  test('values that a codec never encodes do not hold up the topic for longer', async () => {
    const broker = new ModelBroker(1);
    const { clock, producer, send } = harness(broker);
    const stuck = producer.send({ topic: 't', acks: -1, compression: 0, records: new Promise(() => {}) });
    const behind = send('t', ['behind']);
    const outcomes = await clock.run(Promise.allSettled([stuck, behind]));
    expect(outcomes).toMatchObject([{ reason: { message: expect.stringMatching(/The codec has not encoded/) as string } }, { status: 'rejected' }]);
    await clock.run(send('t', ['next']));
    expect(broker.log('t')).toEqual(['next']);
  });

  test('the buffer is free again when a send is over, acknowledged or not', async () => {
    const { clock, send } = harness(new ModelBroker(1), { bufferBytes: 100 });
    for (let index = 0; index < 5; index++) {
      const sent = send('t', ['x'.repeat(100)]);
      await expect(send('t', ['y'])).rejects.toThrow(/100 bytes wait/);
      await clock.run(sent);
      await clock.run(Promise.allSettled([send('t', ['x'.repeat(100)], 7)]));
    }
    await clock.run(send('t', ['z']));
  });

  test('closing waits for what is under way, takes nothing more, and ends in time', async () => {
    let isAway = false;
    const broker = new ModelBroker(1, () => (isAway ? 'unsent' : 'answered'));
    const { clock, producer, send } = harness(broker);
    const before = send('t', ['a']);
    const closed = producer.close(100);
    await expect(send('t', ['b'])).rejects.toThrow(/after The producer had closed/);
    await clock.run(closed);
    await before;
    const other = harness(broker);
    isAway = true;
    const waiting = other.send('t', ['c']);
    waiting.catch(() => undefined);
    await other.clock.run(other.producer.close(100));
    await expect(waiting).rejects.toThrow(/before the application shut down/);
    expect(other.clock.now()).toBeLessThan(200);
  });
});
