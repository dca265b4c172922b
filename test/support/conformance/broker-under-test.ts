import { SystemClock } from '../../../lib/testing/broker/clock.js';
import { Cluster } from '../../../lib/testing/broker/cluster.js';
import { FaultList } from '../../../lib/testing/broker/faults/fault-list.js';
import { BrokerServer } from '../../../lib/testing/broker/server/broker-server.js';
import { createTopic, testBrokers, unique } from '../kafka.js';

/** What a conformance suite runs against. */
export interface BrokerUnderTest {
  /** `host:port`. */
  readonly address: string;
  /** Of a name of its own. */
  createTopic(partitions: number): Promise<string>;
  stop(): Promise<void>;
}
export type StartBroker = () => Promise<BrokerUnderTest>;

/** The broker of the test run. */
export const realBroker: StartBroker = () =>
  Promise.resolve({ address: testBrokers()[0], createTopic: (partitions) => createTopic('conformance', partitions), stop: () => Promise.resolve() });

export const embeddedBroker: StartBroker = async () => {
  const clock = new SystemClock();
  const cluster = new Cluster({ brokers: 1 }, clock);
  const defects: unknown[] = [];
  const server = new BrokerServer({ cluster, node: cluster.nodes[0], faults: new FaultList(), defect: (error) => void defects.push(error) });
  await server.listen(0);
  return {
    address: cluster.nodes[0].address,
    createTopic(partitions) {
      const name = unique('conformance');
      cluster.topics.create({ name, partitions, replicationFactor: -1 });
      return Promise.resolve(name);
    },
    async stop() {
      await server.close();
      clock.stop();
      expect(defects).toEqual([]);
    },
  };
};
