import { KafkaNotAcknowledgedError, KafkaProducerFullError, type KafkaProducerOptions, KafkaProducerService } from '../../lib/index.js';
import { Network } from '../chaos/network.js';
import { createTopic, testBrokers } from '../support/kafka.js';
import { withApp } from '../support/nest-app.js';
import { ProduceSockets } from '../support/produce-sockets.js';
import { readTopic, valuesOf } from '../support/read-topic.js';

const REQUEST_MS = 500;

/** A producer whose requests go through these sockets, and wait for answers half a second. */
function withProducer<T>(sockets: ProduceSockets, producer: KafkaProducerOptions, work: (producer: KafkaProducerService) => Promise<T>): Promise<T> {
  const client = { brokers: testBrokers(), socketFactory: sockets.factory, requestTimeout: REQUEST_MS };
  return withApp({ options: { consumer: undefined, client, producer, codec: 'string' } }, (app) => work(app.app.get(KafkaProducerService)));
}

/** Sends so many records without waiting for each other, and answers when all are acknowledged. */
async function sendAll(producer: KafkaProducerService, topic: string, values: readonly string[]): Promise<number[]> {
  return (await Promise.all(values.map((value) => producer.send(topic, { value, partition: 0 })))).flat().map(({ baseOffset }) => Number(baseOffset));
}

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}${index}`);

describe('an answer that is lost, with many sends at once', () => {
  test.each(['silent', 'cut'] as const)('%s: every acknowledged record is in the log once, in order, at the offset that was told', async (how) => {
    const topic = await createTopic('lost-answers');
    const sockets = new ProduceSockets();
    const sent: { value: string; offset: number }[] = [];
    await withProducer(sockets, {}, async (producer) => {
      sockets.loseAnswers(2, how);
      const waves = await Promise.all(numbered('wave', 24).map(async (wave, turn) => {
        await new Promise((resolve) => setTimeout(resolve, 20 * turn));
        const values = numbered(`${wave}-`, 40);
        const offsets = await sendAll(producer, topic, values);
        return values.map((value, index) => ({ value, offset: offsets[index] ?? -1 }));
      }));
      sent.push(...waves.flat());
      expect(sockets.lostAll).toBe(true);
    });
    const log = valuesOf(await readTopic(topic));
    expect(log.length).toBe(960);
    expect(sent.filter(({ value, offset }) => log[offset] !== value)).toEqual([]);
    // Those of one wave were sent in this order.
    for (const wave of new Set(log.map((value) => value?.split('-')[0]))) {
      expect(log.filter((value) => value?.startsWith(`${wave}-`))).toEqual(numbered(`${wave}-`, 40));
    }
  });

  test('without idempotence nothing is missing either, and what was sent twice is there twice', async () => {
    const topic = await createTopic('not-idempotent');
    const sockets = new ProduceSockets();
    const values = numbered('x', 100);
    await withProducer(sockets, { idempotent: false }, async (producer) => {
      sockets.loseAnswers(1, 'cut');
      await sendAll(producer, topic, values);
    });
    const log = valuesOf(await readTopic(topic));
    expect(new Set(log).size).toBe(100);
    expect(log.length).toBeGreaterThan(100);
  });
});

describe('after a send that failed', () => {
  test('what is sent next is in the log, though the broker has the failed records under the same sequence', async () => {
    const topic = await createTopic('reused');
    const sockets = new ProduceSockets();
    await withProducer(sockets, { retry: { retries: 0 } }, async (producer) => {
      await sendAll(producer, topic, ['before']);
      sockets.loseAnswers(1, 'cut');
      const failed = sendAll(producer, topic, ['in doubt 0', 'in doubt 1']);
      await expect(failed).rejects.toThrow(KafkaNotAcknowledgedError);
      expect(await sendAll(producer, topic, ['after 0', 'after 1'])).toEqual([3, 4]);
    });
    expect(valuesOf(await readTopic(topic))).toEqual(['before', 'in doubt 0', 'in doubt 1', 'after 0', 'after 1']);
  });
});

describe('a network between producer and broker', () => {
  test('that hangs: what arrives later, when it was sent again long since, is in the log once', async () => {
    const topic = await createTopic('late');
    const network = await Network.to(testBrokers());
    try {
      const values = [numbered('a', 50), numbered('b', 50)];
      await withProducer(new ProduceSockets(network.ways), {}, async (producer) => {
        await sendAll(producer, topic, ['first']);
        network.halfOpen();
        const sending = Promise.all(values.map((each) => sendAll(producer, topic, each)));
        await new Promise((resolve) => setTimeout(resolve, 1.5 * REQUEST_MS));
        network.heal();
        await sending;
        await sendAll(producer, topic, ['last']);
      });
      expect(valuesOf(await readTopic(topic))).toEqual(['first', ...values.flat(), 'last']);
    } finally {
      await network.close();
    }
  });

  test('that is cut: sends wait for it until their time is over, and nothing more is taken above the limit of the buffer', async () => {
    const topic = await createTopic('away');
    const network = await Network.to(testBrokers());
    try {
      await withProducer(new ProduceSockets(network.ways), { deliveryTimeoutMs: 1500, bufferBytes: 100_000 }, async (producer) => {
        await sendAll(producer, topic, ['first']);
        network.cut();
        const late = producer.send(topic, { value: 'x'.repeat(150_000) });
        await expect(producer.send(topic, { value: 'one too many' })).rejects.toThrow(KafkaProducerFullError);
        await expect(late).rejects.toThrow(/not acknowledged within 1500 ms \(deliveryTimeoutMs\)/);
        const waiting = producer.send(topic, { value: 'second' });
        network.heal();
        expect(await waiting).toMatchObject([{ partition: 0 }]);
      });
      expect(valuesOf(await readTopic(topic))).toEqual(['first', 'second']);
    } finally {
      await network.close();
    }
  });

  test('that is away at shutdown: the application closes in time, and what waits is told so', async () => {
    const topic = await createTopic('shutdown');
    const network = await Network.to(testBrokers());
    const sockets = new ProduceSockets(network.ways);
    try {
      const client = { brokers: testBrokers(), socketFactory: sockets.factory, requestTimeout: REQUEST_MS };
      let waiting: Promise<unknown> = Promise.resolve();
      await withApp({ options: { consumer: undefined, client, shutdownTimeoutMs: 500 } }, async (app) => {
        const producer = app.app.get(KafkaProducerService);
        await producer.send(topic, { value: 1 });
        network.cut();
        waiting = producer.send(topic, { value: 2 }).catch((error: unknown) => error);
        const began = performance.now();
        await app.app.close();
        expect(performance.now() - began).toBeLessThan(3000);
      });
      expect(await waiting).toMatchObject({ name: 'KafkaNotAcknowledgedError', message: expect.stringMatching(/before the application shut down/) as string });
    } finally {
      await network.close();
    }
  });
});
