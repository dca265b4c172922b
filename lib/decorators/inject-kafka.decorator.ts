import { Inject } from '@nestjs/common';

export const DEFAULT_CONNECTION = 'default';

/** Injection token of the kafkajs client of a connection. */
export const getKafkaToken = (name: string = DEFAULT_CONNECTION): string => `nestjs-kafka-many-threads:kafka:${name}`;

/**
 * Injects the kafkajs client of a connection, for producers and administration of the application's own. Consumers have clients
 * of theirs.
 *
 * @example constructor(@InjectKafka() private readonly kafka: Kafka) {}
 */
export const InjectKafka = (name?: string): ParameterDecorator & PropertyDecorator => Inject(getKafkaToken(name));
