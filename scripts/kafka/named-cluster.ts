import type { ClusterSize, KafkaCluster } from './kafka-cluster.js';
import { untilReady } from './readiness.js';

const ANSWERS_WITHIN_MS = 10_000;

/** The cluster that KAFKA_BROKERS names: used, never stopped or broken. */
export async function namedCluster(list: string, size: ClusterSize): Promise<KafkaCluster> {
  const brokers = list.split(',').map(address => address.trim()).filter(address => address !== '');
  const [address] = brokers;
  if (!address) throw new Error(`KAFKA_BROKERS is '${list}': expected host:port, several separated by commas.`);
  await untilReady({ address, brokers: size, withinMs: ANSWERS_WITHIN_MS });
  const refuse = (what: string) => async (nodeId: number): Promise<void> => {
    throw new Error(`Cannot ${what} broker ${nodeId}: it is one of KAFKA_BROKERS and not ours. Unset KAFKA_BROKERS to run tests of faults.`);
  };
  return { brokers, stop: async () => undefined, kill: refuse('kill'), start: refuse('start'), pause: refuse('pause'), resume: refuse('resume') };
}
