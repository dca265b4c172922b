import kafkajs, { type ConsumerConfig, type Kafka, type KafkaConfig, type PartitionAssigner } from 'kafkajs';
import type { GroupLog } from '../consumer/group-consumer.js';
import { checkCluster, type KafkajsCluster } from './kafkajs-types.js';
import { filteredLog } from './log-filter.js';

/** Of kafkajs's own default, one second, a TLS handshake with a busy broker needs more. */
const DEFAULT_CONNECTION_TIMEOUT_MS = 3_000;

export interface DoorOptions {
  readonly client: KafkaConfig | (() => Kafka);
  readonly kafkajs?: Pick<ConsumerConfig, 'maxInFlightRequests'>;
  readonly groupId: string;
  /** Whether asking for a topic creates it, where the broker allows that. @default false */
  readonly allowAutoTopicCreation?: boolean;
  readonly log: GroupLog;
}

/**
 * Lets us into kafkajs: a consumer hands its cluster to the factory of its assigners, which is public, before anything is
 * connected. The consumer itself is never run.
 *
 * @throws WireError 'fatal' where this kafkajs is not what we build on; kafkajs's errors where the configuration is wrong.
 */
export function openDoor({ client, kafkajs: settings, groupId, allowAutoTopicCreation = false, log }: DoorOptions): KafkajsCluster {
  let cluster: unknown;
  const door: PartitionAssigner = handed => {
    cluster = handed.cluster;
    return { name: 'door', version: 0, assign: async () => [], protocol: () => ({ name: 'door', metadata: Buffer.alloc(0) }) };
  };
  const kafka = typeof client === 'function' ? client() : new kafkajs.Kafka(clientConfig(client, log));
  kafka.consumer({
    groupId,
    partitionAssigners: [door],
    allowAutoTopicCreation,
    ...(settings?.maxInFlightRequests === undefined ? {} : { maxInFlightRequests: settings.maxInFlightRequests }),
  });
  return checkCluster(cluster);
}

function clientConfig(client: KafkaConfig, log: GroupLog): KafkaConfig {
  const { logLevel = kafkajs.logLevel.INFO, connectionTimeout = DEFAULT_CONNECTION_TIMEOUT_MS } = client;
  return {
    ...client,
    logLevel,
    connectionTimeout,
    logCreator: filteredLog(log, client.logCreator, () => performance.now()),
    // Every request has a deadline of its own, and whoever misses it loses the connection.
    enforceRequestTimeout: false,
  };
}
