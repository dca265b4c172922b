import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** Kafka's numbers of the requests that tests interfere with. */
export const Api = { fetch: 1, offsetCommit: 8, heartbeat: 12 } as const;

const API_KEY_AT = 4;

/**
 * Sockets that can be made to lose requests of one kind on their way to the broker, as a network that drops packets does:
 * the connection stays, and no answer comes. kafkajs writes each request by one call.
 */
export class DeafSockets {
  swallowed = 0;
  private lost: number | null = null;
  private readonly open = new Set<Socket>();

  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    const socket = ssl === undefined || ssl === null ? connect({ host, port }, onConnect) : connectTls({ host, port, ...ssl }, onConnect);
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]): boolean => {
      const [data] = args;
      if (Buffer.isBuffer(data) && data.length > API_KEY_AT + 2 && data.readInt16BE(API_KEY_AT) === this.lost) {
        this.swallowed++;
        return true;
      }
      return write(...args);
    };
    return socket;
  };

  /** Requests with this API key are lost from now on; null: none. */
  lose(apiKey: number | null): void {
    this.lost = apiKey;
  }
  /** Every connection is reset. */
  cut(): void {
    for (const socket of this.open) socket.destroy();
  }
}
