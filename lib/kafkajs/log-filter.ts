import kafkajs, { type LogEntry, type logCreator, type logLevel } from 'kafkajs';
import type { GroupLog } from '../consumer/group-consumer.js';

/** Begins the message of an error with which a connection is ended on purpose. */
export const DELIBERATE = 'Given up by the consumer';

/** A line that says the same as one of the last so many milliseconds is for `debug` only. */
const REPEAT_MS = 30_000;
/** Lines that are remembered; the oldest goes first. */
const REMEMBERED = 100;

const { ERROR, WARN, INFO, DEBUG } = kafkajs.logLevel;
/** kafkajs declares its levels as an enum, which would name them, and has a plain object. */
const LABELS: Readonly<Record<number, string>> = { [ERROR]: 'ERROR', [WARN]: 'WARN', [INFO]: 'INFO', [DEBUG]: 'DEBUG' };

/**
 * A kafkajs logCreator that writes to `log`, or to the application's own creator where it has one. A connection that breaks
 * is a warning: the consumer opens another. Lines about connections that were ended on purpose go down to debug, and so do
 * repetitions: while a broker is away, kafkajs says so at every attempt.
 *
 * @param now monotonic milliseconds
 */
export function filteredLog(log: GroupLog, own: logCreator | undefined, now: () => number): logCreator {
  const repeated = new RecentLines(now);
  return level => {
    const write = own?.(level) ?? (entry => writeTo(log, entry));
    return entry => {
      const atLevel = levelOf(entry, repeated);
      if (atLevel <= level) write({ ...entry, level: atLevel, label: LABELS[atLevel] ?? '' });
    };
  };
}

function levelOf({ namespace, level, log }: LogEntry, repeated: RecentLines): logLevel {
  if (log.message.startsWith(`Connection error: ${DELIBERATE}`) || (level < DEBUG && repeated.seen(`${namespace} ${log['broker']} ${log.message}`))) return DEBUG;
  return level === ERROR && namespace === 'Connection' ? WARN : level;
}

function writeTo(log: GroupLog, { namespace, level, log: { message, broker, error } }: LogEntry): void {
  const details = [broker, error].filter(detail => typeof detail === 'string').join(', ');
  const line = `${namespace === '' ? '' : `[${namespace}] `}${message}${details === '' ? '' : ` (${details})`}`;
  if (level === ERROR) log.error(line);
  else if (level === WARN) log.warn(line);
  else if (level === INFO) log.info(line);
  else log.debug?.(line);
}

class RecentLines {
  /** When a line was last written; the one that was written first comes first. */
  private readonly writtenAt = new Map<string, number>();
  constructor(private readonly now: () => number) {}

  seen(line: string): boolean {
    const nowMs = this.now();
    const last = this.writtenAt.get(line);
    if (last !== undefined && nowMs - last < REPEAT_MS) return true;
    this.writtenAt.delete(line);
    this.writtenAt.set(line, nowMs);
    const [oldest] = this.writtenAt.keys();
    if (this.writtenAt.size > REMEMBERED && oldest !== undefined) this.writtenAt.delete(oldest);
    return false;
  }
}
