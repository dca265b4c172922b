import * as main from '../../../lib/index.js';
import * as terminus from '../../../lib/terminus/index.js';
import * as testing from '../../../lib/testing/index.js';

/** Names that programs import. More may come; none of these may go. */
const promised = {
  main: [
    'KafkaManyThreadsModule', 'KafkaHandler', 'OnPartitionsAssigned', 'OnPartitionsRevoked', 'OnKafkaEvent', 'KafkaValue', 'KafkaKey', 'KafkaHeader', 'KafkaCtx',
    'KafkaConsumerService', 'KafkaProducerService', 'KafkaDeadLetterService', 'InjectKafka', 'getKafkaToken', 'isKafkaContext', 'KafkaRetryHeaders',
    'KafkaRetryException', 'KafkaSkipException', 'KafkaDeadLetterException', 'KafkaBatchException', 'KafkaNotImplementedError',
  ],
  terminus: ['KafkaHealthIndicator'],
  testing: ['EmbeddedKafka', 'createKafkaContext'],
};

describe('the entry points', () => {
  it.each([
    ['nestjs-kafka-many-threads', main, promised.main],
    ['nestjs-kafka-many-threads/terminus', terminus, promised.terminus],
    ['nestjs-kafka-many-threads/testing', testing, promised.testing],
  ])('%s exports what is promised', (_, exported, names) => {
    expect(Object.keys(exported)).toEqual(expect.arrayContaining(names));
  });

  it('names the headers of retries and dead letters as they are written', () => {
    expect(Object.values(main.KafkaRetryHeaders).every((name) => /^kmt-[a-z-]+$/.test(name))).toBe(true);
    expect(Object.keys(main.KafkaRetryHeaders)).toHaveLength(12);
  });
});
