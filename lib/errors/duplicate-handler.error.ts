import { KafkaConfigurationError } from './configuration.error.js';

/** Two handlers of one group read the same topic, by its name or by a pattern: each record goes to one handler of a group. */
export class KafkaDuplicateHandlerError extends KafkaConfigurationError {
  override readonly name = 'KafkaDuplicateHandlerError';
  /** `through` is the pattern that finds a topic which another handler names. */
  constructor(topic: string, groupId: string, handlers: readonly [string, string], through = '') {
    super(
      handlers[1],
      `group ${groupId} reads topic ${topic} with ${handlers[0]} already${through === '' ? '' : `, and ${through} matches it`}. Give one of them a groupId of its own, listed in groups of forRoot, so that both get every record, ` +
        'or let one method do both; a class that several modules provide belongs into one module that exports it.',
    );
  }
}
