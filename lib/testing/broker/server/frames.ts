import { ProtocolError } from '../protocol/protocol.error.js';

/** Kafka's `socket.request.max.bytes`. */
export const LARGEST_FRAME_BYTES = 104_857_600;

/** Cuts a stream of chunks into frames: four bytes of length, and what they announce. Holds what has arrived, and no more. */
export class FrameSplitter {
  private chunks: Buffer[] = [];
  private bytes = 0;

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /**
   * The next whole frame, null where it has not arrived.
   * @throws ProtocolError for a length that cannot be.
   */
  next(): Buffer | null {
    if (this.bytes < 4) return null;
    const head = this.front(4);
    const length = head.readInt32BE(0);
    if (length < 0 || length > LARGEST_FRAME_BYTES) throw new ProtocolError(`a request of ${length} bytes is announced, and ${LARGEST_FRAME_BYTES} are the most`);
    if (this.bytes < 4 + length) return null;
    const whole = this.front(4 + length);
    this.chunks[0] = whole.subarray(4 + length);
    this.bytes -= 4 + length;
    if (whole.length === 4 + length) this.chunks.shift();
    return whole.subarray(4, 4 + length);
  }

  /** The first chunk, once it has at least as many bytes. */
  private front(bytes: number): Buffer {
    const [first] = this.chunks;
    if (first !== undefined && first.length >= bytes) return first;
    let taken = 0;
    let size = 0;
    while (size < bytes) size += this.chunks[taken++]?.length ?? bytes;
    const front = Buffer.concat(this.chunks.slice(0, taken));
    this.chunks.splice(0, taken, front);
    return front;
  }
}
