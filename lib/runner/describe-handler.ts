import type { TopicHandler } from '../consumer/group-consumer.js';
import type { GroupOptions } from '../consumer/options.js';

/** The line that a handler gets in the boot log. */
export function describeHandler({ name, topics, patterns = [], options }: TopicHandler, group: GroupOptions): string {
  const { ordering, concurrency, retry, onExhausted, timeoutMs, ack } = options;
  const order = ordering === 'none' ? 'in no order' : `in the order of each ${ordering}`;
  const parts = [
    `group ${group.groupId}`,
    `${Math.min(concurrency, group.concurrency)} at once ${order}`,
    `${describeRetries(retry.retries)}, then ${onExhausted}`,
    ...(timeoutMs === null ? [] : [`timeout ${timeoutMs} ms`]),
    ...(ack === 'manual' ? ['acknowledged by hand'] : []),
  ];
  return `${name} reads ${[...topics, ...patterns].join(', ')} (${parts.join('; ')})`;
}

function describeRetries(retries: number): string {
  if (retries === Infinity) return 'retried for ever';
  return retries === 1 ? '1 retry' : `${retries} retries`;
}
