/** Castagnoli's polynomial, reflected: what record batches are checked with. Node's zlib has the other CRC-32. */
const POLYNOMIAL = 0x82f63b78;
/** Bytes that one step takes in. */
const SLICES = 8;

/** `table[slice × 256 + byte]`: what a byte contributes that `slice` bytes follow. */
const table = new Int32Array(SLICES * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  table[byte] = value;
}
for (let at = 256; at < table.length; at++) {
  const before = table[at - 256] ?? 0;
  table[at] = (before >>> 8) ^ entry(0, before & 0xff);
}

function entry(slice: number, byte: number): number {
  return table[slice * 256 + byte] ?? 0;
}

export function crc32c(bytes: Buffer, start = 0, end = bytes.length): number {
  let crc = -1;
  let at = start;
  for (; at + SLICES <= end; at += SLICES) {
    const low = crc ^ bytes.readInt32LE(at);
    const high = bytes.readInt32LE(at + 4);
    crc =
      entry(7, low & 0xff) ^ entry(6, (low >>> 8) & 0xff) ^ entry(5, (low >>> 16) & 0xff) ^ entry(4, low >>> 24) ^
      entry(3, high & 0xff) ^ entry(2, (high >>> 8) & 0xff) ^ entry(1, (high >>> 16) & 0xff) ^ entry(0, high >>> 24);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ entry(0, (crc ^ (bytes[at] ?? 0)) & 0xff);
  return (crc ^ -1) >>> 0;
}
