import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { Kafka, type Message } from 'kafkajs';
import { testBrokers, testKafka } from './kafka.js';

interface Encoded {
  readonly buffer: Buffer;
}
type RequestOf = (request: { correlationId: number; clientId: string; request: unknown }) => Promise<Encoded>;
interface Produce {
  protocol(version: { version: number }): (topic: object) => { request: unknown; response: { decode(raw: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<unknown> } };
}

const insides = createRequire(__filename);
const CORRELATION_BYTES = 4;

/**
 * Produces the same batch over and over to partition 0 of a topic, encoded once: kafkajs's producer would take most of a
 * minute for a million records. The single broker of the tests leads the partition.
 */
export async function produceRepeatedly(topic: string, messages: readonly Message[], times: number): Promise<void> {
  const createRequest = insides('kafkajs/src/protocol/request') as RequestOf;
  const { protocol } = insides('kafkajs/src/protocol/requests/produce') as Produce;
  const topicData = [{ topic, partitions: [{ partition: 0, firstSequence: 0, messages }] }];
  const { request, response } = protocol({ version: 7 })({ acks: 1, timeout: 10_000, topicData, compression: 0, transactionalId: null, producerId: -1, producerEpoch: 0 });
  const { buffer } = await createRequest({ correlationId: 1, clientId: 'bulk', request });

  const [host, port] = testBrokers()[0].split(':');
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect');
    for (let sent = 0; sent < times; sent++) {
      socket.write(buffer);
      const answer = await readAnswer(socket);
      await response.parse(await response.decode(answer.subarray(CORRELATION_BYTES)));
    }
  } finally {
    socket.destroy();
  }
}

async function readAnswer(socket: ReturnType<typeof connect>): Promise<Buffer> {
  let received = Buffer.alloc(0);
  while (received.length < 4 || received.length < 4 + received.readInt32BE(0)) {
    const [data] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, data]);
  }
  return received.subarray(4);
}

/** The offset after the last record of partition 0. */
export async function endOf(topic: string): Promise<number> {
  const admin = new Kafka(testKafka()).admin();
  await admin.connect();
  try {
    const [{ high }] = await admin.fetchTopicOffsets(topic);
    return Number(high);
  } finally {
    await admin.disconnect();
  }
}
