import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { createTopic, isEmbedded, testBrokers, unique } from '../kafka.js';

/** What a conformance suite runs against. */
export interface BrokerUnderTest {
  readonly kind: 'kafka' | 'embedded';
  /** `host:port`. */
  readonly address: string;
  /** Of a name of its own. */
  createTopic(partitions: number): Promise<string>;
  stop(): Promise<void>;
}
export type StartBroker = () => Promise<BrokerUnderTest>;

/** The broker of the test run. */
export const realBroker: StartBroker = () =>
  Promise.resolve({ kind: isEmbedded() ? 'embedded' : 'kafka', address: testBrokers()[0], createTopic: (partitions) => createTopic('conformance', partitions), stop: () => Promise.resolve() });

export const embeddedBroker: StartBroker = async () => {
  const kafka = await EmbeddedKafka.start();
  return {
    kind: 'embedded',
    address: kafka.brokers[0],
    async createTopic(partitions) {
      const name = unique('conformance');
      await kafka.createTopic(name, partitions);
      return name;
    },
    stop: () => kafka.stop(),
  };
};
