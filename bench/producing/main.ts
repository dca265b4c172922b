/**
 * Our producer beside kafkajs's, in one process and on one topic, in turn within each round: `main.js <brokers> <topic> <rounds>`.
 * Writes what each way of sending has cost as JSON.
 */
import kafkajs from 'kafkajs';
import { systemClock } from '../../lib/consumer/clock.js';
import type { GroupLog } from '../../lib/consumer/group-consumer.js';
import { encoderOf } from '../../lib/discovery/codecs.js';
import { KafkajsProduceWire } from '../../lib/kafkajs/kafkajs-produce-wire.js';
import { producerSettings } from '../../lib/options/producer-options.js';
import { Producer } from '../../lib/producer/producer.js';
import { outgoingRecords } from '../../lib/runner/outgoing-records.js';

export interface SendingCost {
  readonly perSecond: number;
  /** Of the whole process. */
  readonly cpuUs: number;
}

const RECORDS = 100_000;
const CALLERS = 1000;
/** kafkajs makes one batch of what a call has for a partition: of much more, the broker would refuse it. */
const KAFKAJS_LIST = 10_000;
/** A request for each call takes its time. */
const KAFKAJS_SENDS = 10_000;

const [brokers = '', topic = '', rounds = '3'] = process.argv.slice(2);
const client = { clientId: 'bench', brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING };
const log: GroupLog = { info() {}, warn() {}, error() {}, debug: null };
const value = { id: 123_456, text: 'x'.repeat(100), list: [1, 2, 3] };
const messages = Array.from({ length: RECORDS }, (_, index) => ({ key: `key-${index % 10_000}`, value }));
type Messages = typeof messages;

const wire = new KafkajsProduceWire({ client, log, allowAutoTopicCreation: false });
const ours = new Producer({ wire, log, clock: systemClock, settings: producerSettings('The producer', {}) });
const theirs = new kafkajs.Kafka(client).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false });

const json = encoderOf('json');
const send = (list: Messages): Promise<unknown> => ours.send({ topic, acks: -1, compression: 0, records: outgoingRecords(topic, list, json, 'json') });
const plain = (list: Messages) => list.map((message) => ({ key: message.key, value: JSON.stringify(message.value) }));

/** From many callers, each of which awaits one send before its next. */
async function oneByOne(count: number, sendOne: (message: Messages[number]) => Promise<unknown>): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await sendOne(messages[at]);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function inLists(): Promise<void> {
  for (let at = 0; at < RECORDS; at += KAFKAJS_LIST) await theirs.sendBatch({ topicMessages: [{ topic, messages: plain(messages.slice(at, at + KAFKAJS_LIST)) }], acks: -1 });
}

const ways: readonly (readonly [name: string, records: number, run: () => Promise<unknown>])[] = [
  ['lists, ours', RECORDS, () => send(messages)],
  ['lists, kafkajs', RECORDS, inLists],
  ['sends, ours', RECORDS, () => oneByOne(RECORDS, (message) => send([message]))],
  ['sends, kafkajs', KAFKAJS_SENDS, () => oneByOne(KAFKAJS_SENDS, (message) => theirs.send({ topic, acks: -1, messages: plain([message]) }))],
];

async function costOf(records: number, run: () => Promise<unknown>): Promise<SendingCost> {
  const [beganMs, cpu] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (records * 1000) / (performance.now() - beganMs), cpuUs: (user + system) / records };
}

await Promise.all([theirs.connect(), ours.connect()]);
const costs: Record<string, SendingCost[]> = Object.fromEntries(ways.map(([name]) => [name, []]));
// The first round warms up.
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, records, run] of round % 2 === 0 ? ways : [...ways].reverse()) {
    const cost = await costOf(records, run);
    if (round > 0) costs[name].push(cost);
  }
}
await Promise.all([theirs.disconnect(), ours.close(1000)]);
console.log(JSON.stringify(costs));
