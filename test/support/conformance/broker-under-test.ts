import { createTopic, isEmbedded, testBrokers } from '../kafka.js';

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

/** The broker of the test run: a real one, or the embedded one. */
export const brokerOfTheRun: StartBroker = () =>
  Promise.resolve({ kind: isEmbedded() ? 'embedded' : 'kafka', address: testBrokers()[0], createTopic: (partitions) => createTopic('conformance', partitions), stop: () => Promise.resolve() });
