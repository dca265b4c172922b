import { KafkaConfigurationError } from './configuration.error.js';

/** A `groupId` that no `forRoot` lists, or none where there is no default group. */
export class KafkaUnknownGroupError extends KafkaConfigurationError {
  override readonly name = 'KafkaUnknownGroupError';
  constructor(where: string, groupId: string | undefined, connection: string, known: readonly string[]) {
    const listed = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    super(
      where,
      groupId === undefined
        ? `names no groupId, and connection ${connection} has no default group (${listed}). Set \`consumer\` in forRoot, or name a groupId.`
        : `connection ${connection} has no group ${groupId} (${listed}). Add it to \`groups\` in forRoot.`,
    );
  }
}
