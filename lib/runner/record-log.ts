import type { GroupListener, GroupLog } from '../consumer/group-consumer.js';
import type { Delivery } from '../engine/delivery.js';
import { KafkaSkipException } from '../errors/record-fate.exceptions.js';
import { describeError } from './describe-error.js';
import { LineRate } from './line-rate.js';

/** Failures are news, but a thousand of them a second are not. */
const LINE_MS = 1000;

/**
 * What the log tells of records. Always what a person must be able to find: one that is given up, and one that fails again and
 * again. At debug, every step of its life; commits have a line of their own. Never a payload, and never a key.
 */
export function recordLog(log: GroupLog): GroupListener {
  return { ...steps(log), ...failures(log) };
}

function failures(log: GroupLog): GroupListener {
  const [retryLines, skipLines] = [new LineRate(LINE_MS), new LineRate(LINE_MS)];
  const warnRarely = (rate: LineRate, line: string): void => {
    const others = rate.next();
    if (others === null) log.debug?.(line);
    else log.warn(others === 0 ? line : `${line}; ${others} more since the last such line`);
  };
  return {
    retried: (delivery, error) => warnRarely(retryLines, `${at(delivery)} failed in attempt ${delivery.attempt} and is tried again (${describeError(error)})`),
    skipped: (delivery, error) => {
      if (error instanceof KafkaSkipException) log.debug?.(`${at(delivery)} is skipped (${error.message})`);
      else warnRarely(skipLines, `${at(delivery)} failed in attempt ${delivery.attempt} and is skipped for good (${describeError(error)})`);
    },
    held: (delivery, error) => log.error(`${at(delivery)} failed in attempt ${delivery.attempt} and is held, uncommitted`, error ?? String(error)),
    abandoned: (delivery, error) => log.error(`${at(delivery)} ignores its abort signal: the handler is abandoned and may still be running`, error),
  };
}

function steps({ debug }: GroupLog): GroupListener {
  if (debug === null) return {};
  return {
    arrived: ({ topic, partition }, { from, to, count }) => debug(`${topic}/${partition} offsets ${from} to ${to - 1} have arrived, ${count} records`),
    dropped: ({ topic, partition }, offset) => debug(`${topic}/${partition} offset ${offset} is not delivered: it is complete, or in flight already`),
    started: (delivery) => debug(`${at(delivery)} starts, attempt ${delivery.attempt}`),
    processed: (delivery, durationMs) => debug(`${at(delivery)} is complete after ${durationMs.toFixed(1)} ms`),
  };
}

function at({ topic, partition, offset }: Delivery): string {
  return `${topic}/${partition} offset ${offset}`;
}
