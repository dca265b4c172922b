import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { closeSync, openSync, writeSync } from 'node:fs';
import { type KafkaContext, KafkaSkipException } from 'nestjs-kafka-many-threads';
import { formatEntry } from './ledger-entry.js';
import { Settings } from './settings.js';

/**
 * A line for each attempt that ended, in a file that outlives the process. It stands for the side effect of a handler: what is
 * in it has happened, and the scenarios judge by nothing else.
 */
@Injectable()
export class Ledger implements OnApplicationShutdown {
  private readonly file: number | null;

  constructor({ ledgerFile }: Settings) {
    this.file = ledgerFile === '' ? null : openSync(ledgerFile, 'a');
  }

  /** Does the work and writes down how it ended. The line is with the operating system before the record can count as complete. */
  async record(context: KafkaContext, work: () => Promise<void>): Promise<void> {
    const startMs = wallClockMs();
    try {
      await work();
      this.write(context, startMs, 'done');
    } catch (error) {
      this.write(context, startMs, error instanceof KafkaSkipException ? 'skipped' : 'failed');
      throw error;
    }
  }

  onApplicationShutdown(): void {
    if (this.file !== null) closeSync(this.file);
  }

  private write({ groupId, attempt, record }: KafkaContext, startMs: number, outcome: 'done' | 'skipped' | 'failed'): void {
    if (this.file === null) return;
    const { topic, partition, offset, key } = record;
    writeSync(this.file, formatEntry({ groupId, topic, partition, offset: Number(offset), key: key ?? '', attempt, outcome, startMs, endMs: wallClockMs(), pid: process.pid }));
  }
}

/** Finer than Date.now(), and the same for all processes of a machine. */
function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
