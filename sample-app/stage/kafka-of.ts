import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { namedCluster } from '../../scripts/kafka/named-cluster.js';

export interface UsedKafka {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

/** Kafka where `named` (KAFKA_BROKERS) says, else the embedded broker in this process, which needs nothing but Node. */
export async function kafkaOf(named: string | undefined, say: (line: string) => void): Promise<UsedKafka> {
  if (named) {
    say(`Using Kafka at ${named} ...`);
    return namedCluster(named, 1);
  }
  const kafka = await EmbeddedKafka.start();
  say(`Using the embedded broker at ${kafka.brokers.join(',')}; KAFKA_BROKERS=host:port names a real Kafka ...`);
  return kafka;
}
