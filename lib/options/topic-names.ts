/** Topics that are no source of records, whatever a pattern says. What a handler names is read all the same. */
export function isReserved(topic: string): boolean {
  // Kafka's own. Retry and dead-letter topics of handlers belong here, too, once there are any.
  return topic.startsWith('__');
}

/** What Kafka says of names; it answers INVALID_TOPIC_EXCEPTION otherwise. */
export function isLegalTopic(name: string): boolean {
  return /^[\w.-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}
