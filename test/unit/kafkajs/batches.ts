/** Record batches, byte for byte as the protocol defines them, so that tests can also say what no producer would write. */
export interface TestRecord {
  readonly delta?: number;
  readonly timeDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: readonly (readonly [name: string, value: string | null])[];
}

export interface TestBatch {
  readonly baseOffset?: number | bigint;
  readonly records?: readonly TestRecord[];
  /** @default that of the last record */
  readonly lastDelta?: number;
  /** @default the number of records */
  readonly count?: number;
  readonly attributes?: number;
  readonly baseTime?: bigint;
  readonly maxTime?: bigint;
  readonly producerId?: bigint;
  readonly magic?: number;
  /** In place of the encoded records. */
  readonly body?: Buffer;
  /** @default what is there */
  readonly length?: number;
}

export const GZIP = 1;
export const APPEND_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;

export function batch({ baseOffset = 0, records = [], attributes = 0, baseTime = 1_000n, maxTime = 2_000n, producerId = -1n, magic = 2, ...rest }: TestBatch): Buffer {
  const body = rest.body ?? recordBytes(records);
  const lastDelta = rest.lastDelta ?? records.at(-1)?.delta ?? Math.max(0, records.length - 1);
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(baseOffset), 0);
  header.writeInt32BE(rest.length ?? 49 + body.length, 8);
  header.writeInt8(magic, 16);
  header.writeInt16BE(attributes, 21);
  header.writeInt32BE(lastDelta, 23);
  header.writeBigInt64BE(baseTime, 27);
  header.writeBigInt64BE(maxTime, 35);
  header.writeBigInt64BE(producerId, 43);
  header.writeInt32BE(rest.count ?? records.length, 57);
  return Buffer.concat([header, body]);
}

export function recordBytes(records: readonly TestRecord[]): Buffer {
  return Buffer.concat(records.map((record, index) => oneRecord({ delta: index, ...record })));
}

function oneRecord({ delta = 0, timeDelta = 0, key = null, value = null, headers = [] }: TestRecord): Buffer {
  const pairs = headers.flatMap(([name, text]) => [bytes(name), bytes(text)]);
  const body = Buffer.concat([Buffer.from([0]), varint(timeDelta), varint(delta), bytes(key), bytes(value), varint(headers.length), ...pairs]);
  return Buffer.concat([varint(body.length), body]);
}

export function bytes(value: Buffer | string | null): Buffer {
  return value === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
}

export function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  return Buffer.from([...out, rest]);
}

/** The batch of one record with which a transaction ends. */
export function marker(type: 'abort' | 'commit', baseOffset: number, producerId: bigint): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]);
  return batch({ baseOffset, producerId, attributes: TRANSACTIONAL | CONTROL, records: [{ key, value: Buffer.alloc(6) }] });
}
