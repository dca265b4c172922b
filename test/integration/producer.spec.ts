import { CompressionTypes, Kafka, Partitioners } from 'kafkajs';
import {
  type KafkaContext, KafkaEncodeError, KafkaHandler, KafkaProducerClosedError, KafkaProducerDisabledError, type KafkaProducerOptions, KafkaProducerService,
  KafkaRecordTooLargeError, KafkaUnknownConnectionError, KafkaUnknownTopicError, KafkaManyThreadsModule,
} from '../../lib/index.js';
import { createTopic, eventually, testBrokers, testKafka, unique, withAdmin } from '../support/kafka.js';
import { type AppSetup, NestApp, withApp } from '../support/nest-app.js';
import { ProduceSockets } from '../support/produce-sockets.js';
import { readTopic, valuesOf } from '../support/read-topic.js';

function withProducer<T>(work: (producer: KafkaProducerService, app: NestApp) => Promise<T>, producer: KafkaProducerOptions | false = {}, setup: AppSetup = {}): Promise<T> {
  return withApp({ ...setup, options: { consumer: undefined, producer, ...setup.options } }, (app) => work(app.app.get(KafkaProducerService), app));
}

describe('what is sent', () => {
  test('arrives with key, value, headers, partition and timestamp, and the metadata says where', async () => {
    const topic = await createTopic('sent', 3);
    const sent = await withProducer((producer) =>
      producer.send(topic, [
        { key: 'order-1', value: { id: 1 }, headers: { trace: 'abc', parts: ['x', Buffer.from('y')], nothing: undefined }, partition: 2, timestampMs: 1_700_000_000_000 },
        { key: Buffer.from([0, 255]), value: [1, 'ü'], partition: 2, timestampMs: 1_600_000_000_000 },
        { value: null, partition: 0 },
      ]),
    );
    const records = await readTopic(topic);
    const second = records.filter(({ partition }) => partition === 2);
    expect(second.map(({ key, value, timestampMs }) => [key?.toString('latin1'), value?.toString(), timestampMs])).toEqual([
      ['order-1', '{"id":1}', 1_700_000_000_000],
      ['\u0000ÿ', '[1,"ü"]', 1_600_000_000_000],
    ]);
    expect(second[0]?.headers).toEqual({ trace: Buffer.from('abc'), parts: [Buffer.from('x'), Buffer.from('y')] });
    expect(records.filter(({ partition }) => partition === 0).map(({ key, value }) => [key, value])).toEqual([[null, null]]);
    expect(sent).toEqual([
      { topicName: topic, partition: 2, errorCode: 0, offset: '0', baseOffset: '0', logAppendTime: '-1', logStartOffset: '0' },
      { topicName: topic, partition: 2, errorCode: 0, offset: '1', baseOffset: '1', logAppendTime: '-1', logStartOffset: '0' },
      { topicName: topic, partition: 0, errorCode: 0, offset: '0', baseOffset: '0', logAppendTime: '-1', logStartOffset: '0' },
    ]);
  });

  test.each([['none', CompressionTypes.None], ['gzip', CompressionTypes.GZIP]])('comes back the same with compression %s, two thousand records of every length', async (_, compression) => {
    const topic = await createTopic('packed');
    const values = Array.from({ length: 2000 }, (_each, index) => 'aé'.repeat(index));
    await withProducer((producer) => producer.send(topic, values.map((value) => ({ value })), { compression }), {}, { options: { codec: 'string' } });
    const read = valuesOf(await readTopic(topic));
    expect(read.length).toBe(values.length);
    expect(read.every((value, index) => value === values[index])).toBe(true);
  });

  test.each([0, 1, -1])('is there with acks %d', async (acks) => {
    const topic = await createTopic('acks');
    await withProducer(async (producer) => {
      const metadata = await producer.send(topic, [{ value: 'a' }, { value: 'b' }], { acks });
      expect(metadata.map(({ baseOffset }) => baseOffset)).toEqual(acks === 0 ? ['-1', '-1'] : ['0', '1']);
      await eventually(async () => valuesOf(await readTopic(topic)).join() === '"a","b"', { what: 'both are in the log' });
    });
  });

  test('lands where kafkajs puts the same keys, and records without one are spread evenly', async () => {
    const [ours, theirs] = [await createTopic('ours', 7), await createTopic('theirs', 7)];
    const keys = ['', 'a', 'ab', 'abc', 'abcd', 'kunde-ü', ...Array.from({ length: 200 }, (_, index) => `key-${index * 7919}`)];
    const plain = new Kafka(testKafka()).producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await plain.connect();
    await plain.send({ topic: theirs, messages: keys.map((key) => ({ key, value: key })) }).finally(() => plain.disconnect());
    const spread = await withProducer(async (producer) => {
      await producer.send(ours, keys.map((key) => ({ key, value: key })));
      return producer.send(ours, Array.from({ length: 70 }, () => ({ value: 'free' })));
    });
    const places = async (topic: string) => new Map((await readTopic(topic)).filter(({ key }) => key !== null).map(({ key, partition }) => [key?.toString(), partition]));
    expect(await places(ours)).toEqual(await places(theirs));
    expect([0, 1, 2, 3, 4, 5, 6].map((partition) => spread.filter((each) => each.partition === partition).length)).toEqual([10, 10, 10, 10, 10, 10, 10]);
  });

  test("goes where the application's own partitioner says", async () => {
    const topic = await createTopic('custom', 4);
    const createPartitioner: KafkaProducerOptions['createPartitioner'] = () => ({ partitionMetadata, message }) => Number(message.headers?.['to']?.toString()) % partitionMetadata.length;
    const sent = await withProducer((producer) => producer.send(topic, [3, 1, 6].map((to) => ({ value: to, headers: { to: String(to) } }))), { createPartitioner });
    expect(sent.map(({ partition }) => partition)).toEqual([3, 1, 2]);
  });

  test('goes to a partition that was added after the topic was first used', async () => {
    const topic = await createTopic('grown', 1);
    await withProducer(async (producer) => {
      await producer.send(topic, { value: 1 });
      await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
      expect(await producer.send(topic, { value: 2, partition: 2 })).toMatchObject([{ partition: 2, baseOffset: '0' }]);
    });
  });
});

describe('many at once', () => {
  test('from a hundred concurrent callers, each sees its records acknowledged in its order, in one log without gap or repeat', async () => {
    const topic = await createTopic('concurrent', 2);
    const offsets = await withProducer(async (producer) => {
      const caller = async (name: number): Promise<number[]> => {
        const sends = Array.from({ length: 50 }, (_, index) => producer.send(topic, { key: `caller-${name}`, value: `${name}:${index}` }));
        return (await Promise.all(sends)).flat().map(({ baseOffset }) => Number(baseOffset));
      };
      return Promise.all(Array.from({ length: 100 }, (_, name) => caller(name)));
    });
    for (const own of offsets) expect(own).toEqual([...own].sort((a, b) => a - b));
    const records = await readTopic(topic);
    expect(records.length).toBe(5000);
    for (const partition of [0, 1]) {
      const seen = new Map<string, number[]>();
      for (const value of valuesOf(records, partition)) {
        const [name = '', index] = (JSON.parse(value ?? '') as string).split(':');
        seen.set(name, [...(seen.get(name) ?? []), Number(index)]);
      }
      for (const numbers of seen.values()) expect(numbers).toEqual(numbers.map((_, index) => index));
    }
  });

  test('go into one request, those of several topics and partitions, too', async () => {
    const [first, second] = [await createTopic('coalesced', 2), await createTopic('coalesced', 2)];
    const sockets = new ProduceSockets();
    const client = { brokers: testBrokers(), socketFactory: sockets.factory };
    await withProducer(
      async (producer) => {
        await Promise.all([first, second].map((topic) => producer.send(topic, { value: 'known' })));
        const before = sockets.requests;
        const sent = await Promise.all(Array.from({ length: 1000 }, (_, index) => producer.send(index % 2 ? first : second, { value: index, partition: index % 4 < 2 ? 0 : 1 })));
        expect(sent.length).toBe(1000);
        expect(sockets.requests - before).toBe(1);
        for (let index = 0; index < 5; index++) await producer.send(first, { value: index });
        expect(sockets.requests - before).toBe(6);
      },
      {},
      { options: { client } },
    );
  });

  test('of one call, thirty thousand, go in several requests of batches that a broker takes', async () => {
    const topic = await createTopic('bulk', 2);
    const messages = Array.from({ length: 30_000 }, (_, index) => ({ key: String(index % 1000), value: { index, text: 'x'.repeat(100) } }));
    const sent = await withProducer((producer) => producer.send(topic, messages));
    expect(sent.length).toBe(messages.length);
    const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
    expect(ends.reduce((sum, { high }) => sum + Number(high), 0)).toBe(messages.length);
  });
});

describe('what cannot be sent', () => {
  test('a record that is too large is refused alone, and its neighbours are in the log, in order', async () => {
    const topic = await createTopic('large');
    await withProducer(async (producer) => {
      const large = 'x'.repeat(1_100_000);
      const outcomes = await Promise.allSettled(['a', large, 'b'].map((value) => producer.send(topic, { value })));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      const mixed = producer.send(topic, ['c', large, 'd'].map((value) => ({ value })));
      await expect(mixed).rejects.toThrow(KafkaRecordTooLargeError);
      await expect(mixed).rejects.toThrow(/message 1 of the call; 1 of its 3 are not acknowledged/);
      await expect(mixed).rejects.toMatchObject({ topic, acknowledged: [{ baseOffset: '2' }, null, { baseOffset: '3' }] });
      await producer.send(topic, { value: 'e' });
    });
    expect(valuesOf(await readTopic(topic))).toEqual(['"a"', '"b"', '"c"', '"d"', '"e"']);
  });

  test("a topic's lower limit makes batches smaller, and nothing is lost", async () => {
    const topic = await createTopic('small-batches', 1, { configEntries: [{ name: 'max.message.bytes', value: '20000' }] });
    const values = Array.from({ length: 500 }, (_, index) => `${index}:${'x'.repeat(500)}`);
    await withProducer(async (producer) => {
      await producer.send(topic, values.map((value) => ({ value })));
      await expect(producer.send(topic, { value: 'x'.repeat(30_000) })).rejects.toThrow(KafkaRecordTooLargeError);
    });
    expect(valuesOf(await readTopic(topic))).toEqual(values.map((value) => JSON.stringify(value)));
  });

  test('a record that the topic does not take, without a key where it is compacted, is refused and its neighbours are not', async () => {
    const topic = await createTopic('compacted', 1, { configEntries: [{ name: 'cleanup.policy', value: 'compact' }] });
    await withProducer(async (producer) => {
      const outcomes = await Promise.allSettled([{ key: 'a', value: 1 }, { value: 2 }, { key: 'b', value: 3 }].map((message) => producer.send(topic, message)));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({ reason: { name: 'KafkaNotAcknowledgedError', message: expect.stringMatching(/INVALID_RECORD/) as string } });
    });
    expect(valuesOf(await readTopic(topic))).toEqual(['1', '3']);
  });

  test('a topic or a partition that does not exist is named', async () => {
    const topic = await createTopic('three', 3);
    const missing = unique('missing');
    await withProducer(async (producer) => {
      await expect(producer.send(missing, { value: 1 })).rejects.toThrow(KafkaUnknownTopicError);
      await expect(producer.send(missing, { value: 1 })).rejects.toThrow(`Topic ${missing} does not exist`);
      await expect(producer.send(topic, { value: 1, partition: 3 })).rejects.toThrow(`Topic ${topic} has no partition 3; it has 3, from 0 to 2.`);
      await producer.send(topic, { value: 1, partition: 2 });
    });
  });

  test('a topic whose name Kafka does not take is refused at once, and other topics are not kept waiting', async () => {
    const topic = await createTopic('beside');
    await withProducer(async (producer) => {
      const refused = producer.send('all orders', { value: 1 });
      const sent = producer.send(topic, { value: 1 });
      await expect(refused).rejects.toThrow("Kafka has no topic with the name 'all orders'");
      expect(await sent).toMatchObject([{ baseOffset: '0' }]);
    });
  });

  test('a topic that is created after a send has failed is found', async () => {
    await withProducer(async (producer) => {
      const topic = unique('later');
      await expect(producer.send(topic, { value: 1 })).rejects.toThrow(KafkaUnknownTopicError);
      await withAdmin((admin) => admin.createTopics({ topics: [{ topic }] }));
      expect(await producer.send(topic, { value: 1 })).toMatchObject([{ baseOffset: '0' }]);
    });
  });

  test('a value that the codec cannot encode fails its call, and nothing of that is sent', async () => {
    const topic = await createTopic('unencodable');
    await withProducer(async (producer) => {
      const call = producer.send(topic, [{ value: 1 }, { value: 1n }]);
      await expect(call).rejects.toThrow(KafkaEncodeError);
      await expect(call).rejects.toThrow(/number 1 of its call.*json.*BigInt/);
      await expect(producer.send(topic, { value: undefined })).rejects.toThrow(/undefined is nothing in JSON/);
      await expect(producer.send(topic, { value: 1, key: 5 as never })).rejects.toThrow(/its key cannot be sent \(expected a string, a Buffer or null, found number\)/);
      await expect(producer.send(topic, { value: 1, timestampMs: NaN })).rejects.toThrow(/timestampMs/);
      await expect(producer.send(topic, { value: 1 }, { compression: CompressionTypes.LZ4 })).rejects.toThrow(/no codec for it/);
      await expect(producer.send(topic, { value: 1 }, { acks: 2 })).rejects.toThrow(/acks/);
    });
    expect(await readTopic(topic)).toEqual([]);
  });

  test('nothing is sent through a connection without a producer, nor an unknown one', async () => {
    await withProducer(async (producer) => {
      await expect(producer.send('any', { value: 1 })).rejects.toThrow(KafkaProducerDisabledError);
      await expect(producer.for('other').send('any', { value: 1 })).rejects.toThrow(KafkaUnknownConnectionError);
    }, false);
  });
});

describe('codecs', () => {
  test('values go through the codec of the connection; a slow one keeps the order of the calls', async () => {
    const topic = await createTopic('codec');
    const codec = {
      decode: () => null,
      encode: async (value: unknown) => {
        if (value === 'slow') await new Promise((resolve) => setTimeout(resolve, 100));
        return Buffer.from(`<${String(value)}>`);
      },
    };
    await withProducer((producer) => Promise.all(['slow', 'fast', null, 'last'].map((value) => producer.send(topic, { value }))), {}, { options: { codec } });
    expect(valuesOf(await readTopic(topic))).toEqual(['<slow>', '<fast>', null, '<last>']);
  });
});

describe('life of the producer', () => {
  test('what waits at shutdown is flushed, and what is sent later is refused', async () => {
    const topic = await createTopic('flushed');
    const app = await NestApp.boot({ options: { consumer: undefined } });
    const producer = app.app.get(KafkaProducerService);
    const sends = Array.from({ length: 500 }, (_, index) => producer.send(topic, { value: index }));
    await app.app.close();
    expect((await Promise.all(sends)).length).toBe(500);
    await expect(producer.send(topic, { value: 'late' })).rejects.toThrow(KafkaProducerClosedError);
    expect(valuesOf(await readTopic(topic)).length).toBe(500);
  });

  test('an unreachable broker fails the boot of an application that only produces, or not under startFailure retry', async () => {
    const options = { consumer: undefined, client: { brokers: ['127.0.0.1:1'], retry: { retries: 0 } } };
    await expect(NestApp.boot({ options })).rejects.toThrow(/The producer of connection default reached no Kafka broker/);
    await withApp({ options: { ...options, startFailure: 'retry', producer: { deliveryTimeoutMs: 300 } } }, async (app) => {
      await expect(app.app.get(KafkaProducerService).send('any', { value: 1 })).rejects.toThrow(/deliveryTimeoutMs/);
    });
  });

  test('two connections have producers of their own', async () => {
    const topic = await createTopic('by-name');
    const other = KafkaManyThreadsModule.forRoot({ name: 'audit', client: { brokers: testBrokers() }, codec: 'string' });
    await withProducer(
      async (producer) => {
        await producer.send(topic, { value: 'a' });
        await producer.for('audit').send(topic, { value: 'b' });
      },
      {},
      { imports: [other] },
    );
    expect(valuesOf(await readTopic(topic))).toEqual(['"a"', 'b']);
  });

  test('handlers send with ctx.send, also while the application stops', async () => {
    const [input, output] = [await createTopic('input'), await createTopic('output')];
    class Copying {
      @KafkaHandler(input)
      async copy(value: number, context: KafkaContext): Promise<void> {
        started++;
        await closing;
        await context.send(output, { key: 'copy', value: String(value * 2), headers: { from: context.record.topic } });
      }
    }
    let started = 0;
    let close = (): void => {};
    const closing = new Promise<void>((resolve) => (close = resolve));
    await withApp({ providers: [Copying] }, async (app) => {
      await app.app.get(KafkaProducerService).send(input, [{ value: 1 }, { value: 2 }]);
      await app.until('both handlers run', () => started === 2);
      const closed = app.app.close();
      close();
      await closed;
    });
    const records = await readTopic(output);
    expect(valuesOf(records).sort()).toEqual(['2', '4']);
    expect(records[0]?.headers['from']?.toString()).toBe(input);
  });
});
