import { Inject, Injectable } from '@nestjs/common';
import type { RecordMetadata } from 'kafkajs';
import { DEFAULT_CONNECTION } from '../decorators/inject-kafka.decorator.js';
import type { KafkaOutgoing, KafkaSendOptions } from '../interfaces/index.js';
import { KafkaConnections } from '../runner/kafka-connections.js';

/**
 * The producer of a connection. Sends that wait at the same time go into one request, in the order of the calls; a partition's
 * records keep that order through repetitions, too.
 *
 * @example
 * constructor(private readonly producer: KafkaProducerService) {}
 * paid(order: Order) { return this.producer.send('payments', { key: order.id, value: order }); }
 */
@Injectable()
export class KafkaProducerService {
  private connection = DEFAULT_CONNECTION;

  constructor(@Inject(KafkaConnections) private readonly connections: KafkaConnections) {}

  /** The same service for another `forRoot({ name })`. */
  for(connection: string): KafkaProducerService {
    const service = new KafkaProducerService(this.connections);
    service.connection = connection;
    return service;
  }

  /**
   * Resolves when every record is acknowledged, with kafkajs's metadata for each, in the order of the messages; `baseOffset` is the
   * record's own offset. Rejects otherwise, when nothing of the call is under way any more: with a `KafkaSendError`
   * (`KafkaUnknownTopicError`, `KafkaRecordTooLargeError`, `KafkaNotAcknowledgedError`, `KafkaProducerFullError`,
   * `KafkaProducerClosedError`) whose `acknowledged` tells what was, with `KafkaEncodeError`, or with `KafkaProducerDisabledError`.
   */
  async send(topic: string, messages: KafkaOutgoing | KafkaOutgoing[], options?: KafkaSendOptions): Promise<RecordMetadata[]> {
    return this.connections.producer(this.connection, 'KafkaProducerService.send').send(topic, messages, options);
  }
}
