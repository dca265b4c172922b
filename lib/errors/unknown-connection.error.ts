import { KafkaConfigurationError } from './configuration.error.js';

/** A connection that no `forRoot({ name })` of the application has. */
export class KafkaUnknownConnectionError extends KafkaConfigurationError {
  override readonly name = 'KafkaUnknownConnectionError';
  constructor(where: string, connection: string, known: readonly string[]) {
    const listed = known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
    super(where, `no connection is called ${connection} (${listed}). Import KafkaManyThreadsModule.forRoot({ name: '${connection}', ... }).`);
  }
}
