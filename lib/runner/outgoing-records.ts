import type { IHeaders, Message } from 'kafkajs';
import type { Encode } from '../discovery/codecs.js';
import { KafkaEncodeError } from '../errors/encode.error.js';
import type { KafkaOutgoing } from '../interfaces/index.js';
import type { OutgoingHeader } from '../producer/produce-wire.js';
import type { UnroutedRecord } from '../producer/send-call.js';

/** About what a record takes beside its key, value and headers, on the wire and in memory. */
const RECORD_BYTES = 40;
const HEADER_BYTES = 10;

type Records = readonly UnroutedRecord[] | Promise<readonly UnroutedRecord[]>;

/**
 * Messages as bytes, encoded at once: what the caller does to a value afterwards does not matter. A promise where the codec
 * answers with one.
 * @throws KafkaEncodeError that names the message, or rejects with it
 */
export function outgoingRecords(topic: string, messages: readonly KafkaOutgoing[], encode: Encode, codec: string): Records {
  const later: Promise<UnroutedRecord>[] = [];
  const encoded = (message: KafkaOutgoing, index: number): UnroutedRecord | Promise<UnroutedRecord> => {
    const fail = (error: unknown): never => {
      throw new KafkaEncodeError(topic, index, `its value does not encode as ${codec}`, error);
    };
    let value: Buffer | null | Promise<Buffer>;
    try {
      value = message.value === null ? null : encode(message.value, topic);
    } catch (error) {
      return fail(error);
    }
    if (!(value instanceof Promise)) return recordOf(topic, index, message, value);
    const record = value.then(bytes => recordOf(topic, index, message, bytes), fail);
    later.push(record);
    return record;
  };
  try {
    const records = messages.map(encoded);
    return later.length > 0 ? Promise.all(records.map(async (record) => record)) : (records as UnroutedRecord[]);
  } catch (error) {
    // Nobody waits for the others any more, and a rejection that nobody handles ends the process.
    for (const record of later) record.catch(() => undefined);
    throw error;
  }
}

/** Messages in kafkajs's form, whose values are bytes or text already. @throws KafkaEncodeError */
export function rawRecords(topic: string, messages: readonly Message[]): readonly UnroutedRecord[] {
  return messages.map((message, index) => {
    const { key, headers, partition, timestamp } = message;
    const value: unknown = message.value;
    const timestampMs = timestamp === undefined ? undefined : Number(timestamp);
    const bytes = checked(topic, index, 'its value', () => (value === null ? null : bytesOf(value)));
    return recordOf(topic, index, { key, value: null, headers, partition, timestampMs }, bytes);
  });
}

function recordOf(topic: string, index: number, message: KafkaOutgoing, value: Buffer | null): UnroutedRecord {
  const { key: givenKey, headers: givenHeaders, partition: wanted, timestampMs = Date.now() } = message;
  const key = givenKey === null || givenKey === undefined ? null : checked(topic, index, 'its key', () => bytesOf(givenKey));
  const headers = givenHeaders === undefined ? NO_HEADERS : checked(topic, index, 'its headers', () => headersOf(givenHeaders));
  if (wanted !== undefined) checked(topic, index, 'its partition', () => expectWhole(wanted));
  checked(topic, index, 'its timestampMs', () => expectWhole(timestampMs));
  let bytes = RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) bytes += HEADER_BYTES + header.name.length + (header.value?.length ?? 0);
  return { key, value, headers, wanted, timestampMs, bytes };
}

const NO_HEADERS: readonly OutgoingHeader[] = [];

function checked<T>(topic: string, index: number, what: string, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw new KafkaEncodeError(topic, index, `${what} cannot be sent`, error);
  }
}

function headersOf(headers: IHeaders): OutgoingHeader[] {
  const list: OutgoingHeader[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) list.push({ name, value: (each as unknown) === null ? null : bytesOf(each) });
    }
  }
  return list;
}

function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (Buffer.isBuffer(value)) return value;
  throw new TypeError(`expected a string, a Buffer or null, found ${typeof value}`);
}

function expectWhole(value: unknown): void {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new TypeError(`expected a whole number of at least 0, found ${String(value)}`);
}
