import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs';

/** The application's own client, from what it was configured with. */
export function clientOf({ client }: { readonly client: KafkaConfig | (() => Kafka) }): Kafka {
  return typeof client === 'function' ? client() : new kafkajs.Kafka(client);
}
