/** MurmurHash3 (32 bits, seed 0) without its top bit, so that −1 is free for "no key". */
export function murmurHash(bytes: Buffer, start: number, length: number): number {
  const blocksEnd = start + (length & ~3);
  let hash = 0;
  let position = start;
  for (; position < blocksEnd; position += 4) {
    const block = byte(bytes, position) | (byte(bytes, position + 1) << 8) | (byte(bytes, position + 2) << 16) | (byte(bytes, position + 3) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  const tail = length & 3;
  let rest = 0;
  if (tail === 3) rest ^= byte(bytes, position + 2) << 16;
  if (tail >= 2) rest ^= byte(bytes, position + 1) << 8;
  if (tail >= 1) hash ^= scramble(rest ^ byte(bytes, position));
  return finish(hash ^ length);
}

function byte(bytes: Buffer, position: number): number {
  return bytes[position] ?? 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finish(hash: number): number {
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0x7fffffff;
}
