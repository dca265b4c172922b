import { connect } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

const PRODUCE = 0;
const API_KEY_AT = 4;

/**
 * Sockets that count the Produce requests and lose what the broker answers to some of them: it has written the records, and the
 * producer does not know.
 */
export class ProduceSockets {
  requests = 0;
  private toLose = 0;
  private how: 'silent' | 'cut' = 'silent';

  /** `ways`: by the broker's address, the port of a proxy that leads to it. */
  constructor(private readonly ways: Readonly<Record<string, number>> = {}) {}

  readonly factory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port: this.ways[`${host}:${port}`] ?? port }, onConnect);
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    const emit = socket.emit.bind(socket) as (...args: unknown[]) => boolean;
    let isDeaf = false;
    socket.write = (...args: unknown[]): boolean => {
      const [data] = args;
      if (Buffer.isBuffer(data) && data.length > API_KEY_AT + 2 && data.readInt16BE(API_KEY_AT) === PRODUCE) {
        this.requests++;
        if (this.toLose > 0) {
          this.toLose--;
          isDeaf = true;
        }
      }
      return write(...args);
    };
    socket.emit = (...args: unknown[]): boolean => {
      if (args[0] !== 'data' || !isDeaf) return emit(...args);
      if (this.how === 'cut') socket.destroy();
      return true;
    };
    return socket;
  };

  /** The answers to the next so many Produce requests: nothing more is heard on that connection, or it is cut. */
  loseAnswers(count: number, how: 'silent' | 'cut'): void {
    this.toLose = count;
    this.how = how;
  }
  get lostAll(): boolean {
    return this.toLose === 0;
  }
}
