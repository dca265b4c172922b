import type { TopicHandler } from '../consumer/group-consumer.js';
import type { GroupOptions } from '../consumer/options.js';

/** The line that a handler gets in the boot log. */
export function describeHandler({ name, topics, patterns = [], options }: TopicHandler, group: GroupOptions): string {
  const { ordering, concurrency, retry, onExhausted, timeoutMs, ack } = options;
  const order = ordering === 'none' ? 'in no order' : `in the order of each ${ordering}`;
  const parts = [
    `group ${group.groupId}`,
    `${Math.min(concurrency, group.concurrency)} at once ${order}`,
    retry.retries === Infinity ? `retried for ever, ${onExhausted} where an error is final` : `${describeRetries(retry.retries)}, then ${onExhausted}`,
    ...(timeoutMs === null ? [] : [`timeout ${timeoutMs} ms`]),
    ...(ack === 'manual' ? ['acknowledged by hand'] : []),
  ];
  return `${name} reads ${[...topics, ...patterns].join(', ')} (${parts.join('; ')})`;
}

function describeRetries(retries: number): string {
  return retries === 1 ? '1 retry' : `${retries} retries`;
}
