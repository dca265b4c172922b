/** Kafka's fixed-size types, as a request has them. `ByteReader` reads them. */
export function int16(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(2);
  buffer.writeInt16BE(value);
  return buffer;
}
export function int32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeInt32BE(value);
  return buffer;
}

/** The newest version that both sides speak, or null where there is none. */
export function commonVersion(broker: { readonly min: number; readonly max: number }, own: { readonly min: number; readonly max: number }): number | null {
  const version = Math.min(broker.max, own.max);
  return version >= Math.max(broker.min, own.min) ? version : null;
}
