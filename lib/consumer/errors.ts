import { messageOf } from './error-text.js';
import { remedyOf, sentences } from './remedies.js';
import { WireError } from './wire.js';

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

/**
 * Patterns of two handlers of one group match the same topic: neither is the right one. At boot the application does not start;
 * a topic that comes later is read by neither, and the error is in the log.
 */
export class KafkaAmbiguousTopicError extends Error {
  override readonly name = 'KafkaAmbiguousTopicError';
  constructor(
    readonly topic: string,
    readonly groupId: string,
    readonly handlers: readonly string[],
  ) {
    super(
      `Topic ${topic} is matched by patterns of ${handlers.join(' and ')}, all of group ${groupId}, and each record goes to one handler of a group. ` +
        'Narrow one of the patterns, or give one of the handlers a groupId of its own, so that both get every record.',
    );
  }
}

/** No broker of the connection answered. */
export class KafkaConnectionError extends Error {
  override readonly name = 'KafkaConnectionError';
  /** @param who 'The consumer of group orders' */
  constructor(who: string, cause: unknown) {
    const remedy = cause instanceof WireError ? remedyOf(cause.code) : '';
    const retry = "`startFailure: 'retry'` keeps trying in the background.";
    super(sentences(`${who} reached no Kafka broker: ${messageOf(cause)}`, remedy === '' ? 'Check `client.brokers`, `client.ssl` and `client.sasl`' : remedy, retry), { cause });
  }
}

/**
 * Kafka refuses what the consumer of a group asks, or a producer, and would refuse it again: wrong credentials, missing rights, a
 * group of another kind. At boot `app.init()` rejects with it, whatever `startFailure` says. While the consumer runs its state becomes 'failed', and the
 * event 'crashed' has it.
 */
export class KafkaRefusedError extends Error {
  override readonly name = 'KafkaRefusedError';
  /** @param who 'The consumer of group orders' */
  constructor(
    who: string,
    /** Kafka's name of the error where it has one: 'GROUP_AUTHORIZATION_FAILED'. */
    readonly code: string,
    cause: unknown,
    /** Null where a producer is refused. */
    readonly groupId: string | null = null,
  ) {
    super(sentences(`${who} cannot work: ${messageOf(cause)}`, remedyOf(code)), { cause });
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

/** A topic or a partition that the group does not read, or what cannot be the number of a partition. */
export class KafkaUnknownPartitionError extends Error {
  override readonly name = 'KafkaUnknownPartitionError';
  constructor(
    readonly groupId: string,
    readonly topic: string | undefined,
    problem: string,
  ) {
    super(`Group ${groupId}: ${problem}`);
  }
}

/**
 * 'invalid': the target is none. 'stopped': the group is not running. 'not-assigned': another process has the partition, or
 * nobody yet. 'out-of-range': the log has no such offset. 'interrupted': the partition was given up meanwhile.
 */
export type KafkaSeekProblem = 'invalid' | 'stopped' | 'not-assigned' | 'out-of-range' | 'interrupted';

/** A seek that was not done. */
export class KafkaSeekError extends Error {
  override readonly name = 'KafkaSeekError';
  readonly topic: string;
  readonly partition: number;
  constructor(
    { topic, partition }: { readonly topic: string; readonly partition: number },
    readonly problem: KafkaSeekProblem,
    what: string,
  ) {
    super(`Cannot seek ${topic}/${partition}: ${what}.`);
    this.topic = topic;
    this.partition = partition;
  }
}
