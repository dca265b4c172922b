/**
 * Bytes as text, 15 bits to a UTF-16 unit, for a field that is limited in units and stored as UTF-8.
 *
 * ```
 *  byte 0    byte 1    byte 2           1 0 0 ...     a 1-bit ends the bytes, 0-bits fill the last unit
 *  |--------|--------|-------- ... --------|
 *  |---------------|--------------- ...           each 15 bits, most significant first, are added to U+3400
 * ```
 *
 * U+3400 to U+B3FF holds no surrogate and nothing that brokers or clients normalise; a unit costs three bytes on the wire.
 */
const FIRST_UNIT = 0x3400;
const UNIT_BITS = 15;
const UNIT_MASK = (1 << UNIT_BITS) - 1;

/** How many bytes fit into this many units. */
export function packedCapacity(units: number): number {
  return Math.max(0, Math.floor((UNIT_BITS * units - 1) / 8));
}

export function packText(bytes: Uint8Array): string {
  const units = new Uint16Array(Math.floor((8 * bytes.length) / UNIT_BITS) + 1);
  let used = 0;
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    pending += 8;
    if (pending < UNIT_BITS) continue;
    pending -= UNIT_BITS;
    units[used++] = FIRST_UNIT + (bits >>> pending);
    bits &= (1 << pending) - 1;
  }
  units[used] = FIRST_UNIT + (((bits << 1) | 1) << (UNIT_BITS - 1 - pending));
  return String.fromCharCode(...units);
}

/** The bytes of `text` from the unit `start` on, or null where it is nothing that `packText` has written. */
export function unpackText(text: string, start: number): Uint8Array | null {
  const last = text.charCodeAt(text.length - 1) - FIRST_UNIT;
  const fill = 31 - Math.clz32(last & -last);
  const bitCount = UNIT_BITS * (text.length - start) - fill - 1;
  if (text.length <= start || last <= 0 || bitCount % 8 !== 0) return null;
  const bytes = new Uint8Array(bitCount / 8);
  let used = 0;
  let bits = 0;
  let pending = 0;
  for (let index = start; index < text.length; index++) {
    const unit = text.charCodeAt(index) - FIRST_UNIT;
    if (unit < 0 || unit > UNIT_MASK) return null;
    bits = (bits << UNIT_BITS) | unit;
    pending += UNIT_BITS;
    while (pending >= 8 && used < bytes.length) {
      pending -= 8;
      bytes[used++] = bits >>> pending;
      bits &= (1 << pending) - 1;
    }
  }
  return bytes;
}
