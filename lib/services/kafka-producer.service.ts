import { Injectable } from '@nestjs/common';
import type { CompressionTypes, RecordMetadata } from 'kafkajs';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import type { KafkaOutgoing } from '../interfaces/index.js';

/** Not built yet: `@InjectKafka()` gives the connection's kafkajs client for a producer of your own. */
@Injectable()
export class KafkaProducerService {
  for(_connection: string): KafkaProducerService {
    return this;
  }

  send(_topic: string, _messages: KafkaOutgoing | KafkaOutgoing[], _options?: { acks?: number; compression?: CompressionTypes }): Promise<RecordMetadata[]> {
    return Promise.reject(new KafkaNotImplementedError('KafkaProducerService.send'));
  }
}
