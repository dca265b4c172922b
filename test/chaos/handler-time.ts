/**
 * How long a record's handler takes, the same at every run of it: of ten three nothing, six up to 50 ms; of a hundred nine up to
 * a second, one up to the longest time.
 */
export function handlerMs(partition: number, value: number, longestMs: number): number {
  const share = hash(partition * 7_919 + value);
  const within = hash(value * 104_729 + partition);
  if (share < 0.3) return 0;
  if (share < 0.9) return within * Math.min(50, longestMs);
  if (share < 0.99) return within * Math.min(1_000, longestMs);
  return within * longestMs;
}

/** Numbers in [0, 1) without a pattern that would show. */
function hash(number: number): number {
  let mixed = (number ^ 0x9e3779b9) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}
