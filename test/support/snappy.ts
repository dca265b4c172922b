/** Snappy as Kafka's clients write it (xerial's frame), with literals only: nothing gets smaller, and every reader takes it. */
export function asSnappy(bytes: Buffer): Buffer {
  const block = Buffer.concat([varint(bytes.length), Buffer.from([61 << 2]), uint16(bytes.length - 1), bytes]);
  return Buffer.concat([Buffer.from([0x82]), Buffer.from('SNAPPY\0'), int32(1), int32(1), int32(block.length), block]);
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >>> 7)]);
}
function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
