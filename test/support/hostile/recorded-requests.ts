import { connect, type Socket } from 'node:net';
import { type ISocketFactory, Kafka, logLevel } from 'kafkajs';
import { FrameSplitter } from '../../../lib/testing/broker/server/frames.js';
import { eventually, unique } from '../kafka.js';

/** Whole requests, their length in front, as kafkajs sends them when it produces, consumes in a group, and looks after topics. */
export async function recordedRequests(brokers: string[]): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => recording(connect({ host, port }, onConnect), frames);
  const kafka = new Kafka({ brokers, socketFactory, logLevel: logLevel.NOTHING });
  const topic = unique('recorded');
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  await produceAndConsume(kafka, topic);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  await admin.fetchTopicOffsets(topic);
  await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] });
  await admin.listGroups();
  await admin.describeGroups([topic]);
  await admin.deleteGroups([topic]);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  return oneOfEach(frames);
}

/** One of each API and version: heartbeats and fetches would be most of them. */
function oneOfEach(frames: readonly Buffer[]): Buffer[] {
  return [...new Map(frames.map(frame => [frame.readInt32BE(4), frame])).values()];
}

async function produceAndConsume(kafka: Kafka, topic: string): Promise<void> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: unique('tx') });
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 50 });
  let consumed = 0;
  await Promise.all([producer.connect(), consumer.connect()]);
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: ['a', 'b', 'c', 'd'].map((value, index) => ({ value, key: value, partition: index % 2, headers: { trace: value } })) });
  await transaction.sendOffsets({ consumerGroupId: unique('group'), topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }] });
  await transaction.commit();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async () => void consumed++ });
  await eventually(() => consumed === 4, { what: 'everything is consumed' });
  await consumer.commitOffsets([{ topic, partition: 0, offset: '2', metadata: 'half' }]);
  await consumer.disconnect();
  await producer.disconnect();
}

/** What is written to the socket, cut into requests. */
function recording(socket: Socket, frames: Buffer[]): Socket {
  const splitter = new FrameSplitter();
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]): boolean => {
    const [chunk] = args;
    splitter.add(Buffer.isBuffer(chunk) ? Buffer.from(chunk) : Buffer.from(String(chunk), 'binary'));
    for (let frame = splitter.next(); frame !== null; frame = splitter.next()) frames.push(framed(frame));
    return write(...args);
  };
  return socket;
}

export function framed(content: Buffer, length = content.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(length);
  return Buffer.concat([head, content]);
}
