import { messageOf } from './error-text.js';

/** A source topic does not exist, and `missingTopics` is 'throw'. */
export class KafkaMissingTopicError extends Error {
  override readonly name = 'KafkaMissingTopicError';
  constructor(
    readonly topics: readonly string[],
    readonly groupId: string,
  ) {
    const [what, verb] = topics.length === 1 ? ['Topic', 'does'] : ['Topics', 'do'];
    super(
      `${what} ${topics.join(', ')} ${verb} not exist, and handlers of group ${groupId} read ${topics.length === 1 ? 'it' : 'them'}. ` +
        "Create it, map the decorator's name to a real one in `topics`, or wait for it with `missingTopics: 'wait'`.",
    );
  }
}

/** No broker of the connection answered. */
export class KafkaConnectionError extends Error {
  override readonly name = 'KafkaConnectionError';
  constructor(groupId: string, cause: unknown) {
    super(
      `The consumer of group ${groupId} reached no Kafka broker: ${messageOf(cause)}. ` +
        "Check `client.brokers`, `ssl` and `sasl`; `startFailure: 'retry'` keeps trying in the background.",
      { cause },
    );
  }
}

/** An attempt that ran longer than the handler's `timeoutMs`; the reason of its aborted signal. */
export class KafkaHandlerTimeoutError extends Error {
  override readonly name = 'KafkaHandlerTimeoutError';
  constructor(
    readonly handler: string,
    readonly timeoutMs: number,
  ) {
    super(`${handler} ran longer than its timeoutMs of ${timeoutMs}`);
  }
}
