/** What is known of a record that Kafka has acknowledged: kafkajs's `RecordMetadata`, one for each record. */
export interface Acknowledgement {
  topicName: string;
  partition: number;
  /** Always 0. */
  errorCode: number;
  /** The record's own offset; '-1' under `acks: 0`. */
  offset: string;
  /** The same, for readers of kafkajs's field. */
  baseOffset: string;
  /** Milliseconds since 1970 where the topic is configured to LogAppendTime, else '-1'. */
  logAppendTime: string;
  logStartOffset: string;
}

/** A send that Kafka has not acknowledged as a whole. Nothing of it is under way any more. */
export class KafkaSendError extends Error {
  override readonly name: string = 'KafkaSendError';
  constructor(
    readonly topic: string,
    message: string,
    /** One for each record of the call; null for those that were not acknowledged. */
    readonly acknowledged: readonly (Acknowledgement | null)[] = [],
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The topic, or the partition that was asked for, does not exist. Nothing of the call was sent. */
export class KafkaUnknownTopicError extends KafkaSendError {
  override readonly name = 'KafkaUnknownTopicError';
}

/** The broker does not take a record of this size. Other records of the call have been sent: see `acknowledged`. */
export class KafkaRecordTooLargeError extends KafkaSendError {
  override readonly name = 'KafkaRecordTooLargeError';
}

/**
 * Kafka has not acknowledged a record within `deliveryTimeoutMs`, has refused it, or the producer was closed before. Where an
 * answer was lost, the record may be in the log all the same.
 */
export class KafkaNotAcknowledgedError extends KafkaSendError {
  override readonly name = 'KafkaNotAcknowledgedError';
}

/** More than `producer.bufferBytes` wait already. Nothing of the call was sent. */
export class KafkaProducerFullError extends KafkaSendError {
  override readonly name = 'KafkaProducerFullError';
}

/** A send after the application's shutdown. Nothing of the call was sent. */
export class KafkaProducerClosedError extends KafkaSendError {
  override readonly name = 'KafkaProducerClosedError';
}
