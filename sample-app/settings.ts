import { Injectable } from '@nestjs/common';
import type { KafkaPreset } from 'nestjs-kafka-many-threads';

/** What the environment says about this process; the scenarios start the same shop with other values. */
@Injectable()
export class Settings {
  readonly brokers = text('KAFKA_BROKERS', '127.0.0.1:9092').split(',');
  /** The handlers say `orders` and `returns`; these are the topics' names on the broker. */
  readonly ordersTopic = text('ORDERS_TOPIC', 'orders');
  readonly returnsTopic = text('RETURNS_TOPIC', 'returns');
  readonly groupId = text('GROUP_ID', 'shop');
  readonly preset = text('PRESET', 'balanced') as KafkaPreset;
  /** Absent: as the preset has it. */
  readonly concurrency = whole('CONCURRENCY');
  readonly commitIntervalMs = whole('COMMIT_INTERVAL_MS');
  readonly sessionTimeoutMs = whole('SESSION_TIMEOUT_MS');
  /** How long the payment provider takes for one order. */
  readonly paymentMs = whole('PAYMENT_MS') ?? 50;
  /** File that gets a line for each attempt that ended. Empty: none. */
  readonly ledgerFile = text('LEDGER_FILE', '');
}

function text(name: string, otherwise: string): string {
  return process.env[name] ?? otherwise;
}

function whole(name: string): number | undefined {
  const value = process.env[name];
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new Error(`${name}=${value}: expected a whole number.`);
  return Number(value);
}
