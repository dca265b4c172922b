import { Kafka } from 'kafkajs';
import { createTopic, eventually, produce, testKafka, unique } from '../support/kafka.js';

describe('the broker of the integration tests', () => {
  it('acknowledges records and hands them to a consumer group', async () => {
    const topic = await createTopic('smoke', 2);
    expect(await produce(topic, 1, [{ key: 'a', value: '1' }, { key: 'b', value: '2' }])).toBe(0n);

    const consumer = new Kafka(testKafka()).consumer({ groupId: unique('smoke') });
    const seen: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) });
    await eventually(() => seen.length === 2, { what: 'both records', show: () => seen });
    await consumer.disconnect();

    expect(seen).toEqual(['1', '2']);
  });
});
