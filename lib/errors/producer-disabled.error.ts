import { KafkaConfigurationError } from './configuration.error.js';

/** Something is sent through a connection whose `producer` is `false`. */
export class KafkaProducerDisabledError extends KafkaConfigurationError {
  override readonly name = 'KafkaProducerDisabledError';
  constructor(where: string, connection: string) {
    super(where, `connection ${connection} has \`producer: false\`. Take that out of its forRoot to send.`);
  }
}
