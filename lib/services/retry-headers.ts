/** Names of the headers that records of retry and dead-letter topics carry, which are not written yet. Their values are text. */
export const KafkaRetryHeaders = {
  attempt: 'kmt-attempt',
  notBefore: 'kmt-not-before',
  originTopic: 'kmt-origin-topic',
  originPartition: 'kmt-origin-partition',
  originOffset: 'kmt-origin-offset',
  originTimestamp: 'kmt-origin-timestamp',
  firstFailedAt: 'kmt-first-failed-at',
  errorName: 'kmt-error-name',
  errorMessage: 'kmt-error-message',
  group: 'kmt-group',
  handler: 'kmt-handler',
  replayCount: 'kmt-replay-count',
} as const;
