import { KafkaConfigurationError } from './configuration.error.js';

/** Two handlers of one group read the same topic: each record goes to one handler of a group. */
export class KafkaDuplicateHandlerError extends KafkaConfigurationError {
  override readonly name = 'KafkaDuplicateHandlerError';
  constructor(topic: string, groupId: string, handlers: readonly [string, string]) {
    super(
      handlers[1],
      `group ${groupId} reads topic ${topic} with ${handlers[0]} already. Give one of them a groupId of its own, so that both get every record, ` +
        'or let one method do both; a class that several modules provide belongs into one module that exports it.',
    );
  }
}
