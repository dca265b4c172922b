import { WireError } from '../consumer/wire.js';
import { toWireError } from './errors.js';
import {
  type Address, checkBroker, checkConnection, type KafkajsBroker, type KafkajsCluster, type KafkajsConnection, type ProtocolRequest,
} from './kafkajs-types.js';
import { DELIBERATE } from './log-filter.js';
import { guard } from './patches.js';

/**
 * One connection to one broker, for one purpose: what waits in the broker (a join, a long fetch) holds up whatever is behind
 * it on the same connection. A link connects once, and ends at its first failure; whoever needs the broker again opens
 * another.
 *
 * ```
 *   connecting ---> open ---> ended (closed by the broker, by an error, by a request that was not answered, by us)
 * ```
 */
export class BrokerLink {
  private ended: WireError | null = null;
  private readonly waiting = new Set<(reason: WireError) => void>();
  /** kafkajs's Broker with our way of sending: replies come as decoded, error codes and all. */
  private readonly view: KafkajsBroker;

  private constructor(
    readonly address: Address,
    private readonly connection: KafkajsConnection,
    private readonly broker: KafkajsBroker,
  ) {
    const send = (protocol: ProtocolRequest<unknown>): Promise<unknown> => this.sendOn(protocol);
    this.view = Object.create(broker, { connectionPool: { value: { send, destroy: async () => {} } } }) as KafkajsBroker;
  }

  /**
   * Without an address: to the next one of the configured brokers. `opened` is told of the link before it connects, so that
   * it can be ended meanwhile.
   * @throws WireError
   */
  static async open(cluster: KafkajsCluster, address: Address | null, timeoutMs: number, opened: (link: BrokerLink) => void): Promise<BrokerLink> {
    const what = address === null ? 'Connecting to one of the configured brokers' : `Connecting to ${address.host}:${address.port}`;
    let link: BrokerLink | null = null;
    try {
      const pool = await cluster.connectionPoolBuilder.build(address === null ? undefined : { host: address.host, port: address.port });
      const connection = checkConnection(pool.pool[0]);
      guard(connection);
      const broker = checkBroker(cluster.brokerPool.createBroker({ connectionPool: pool, logger: cluster.rootLogger }));
      link = new BrokerLink({ host: pool.host, port: pool.port }, connection, broker);
      opened(link);
      await link.within(timeoutMs, what, () => broker.connect());
      link.endWithSocket();
      return link;
    } catch (error) {
      const failure = toWireError(error, what);
      link?.end(failure);
      throw failure;
    }
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }
  get hasEnded(): boolean {
    return this.ended !== null;
  }
  get isOpen(): boolean {
    return this.ended === null && this.connection.isConnected();
  }
  versions(apiKey: number): { readonly minVersion: number; readonly maxVersion: number } | null {
    return this.broker.versions[apiKey] ?? null;
  }

  /**
   * One request through kafkajs's Broker. A broker that does not answer in time loses the connection: it is half open, or
   * the broker hangs, and everything behind would wait as well.
   * @throws WireError
   */
  request<T>(what: string, timeoutMs: number, call: (broker: KafkajsBroker) => Promise<T>): Promise<T> {
    return this.within(timeoutMs, `${what} at ${this.name}`, () => call(this.view));
  }
  /** One request of our own encoding. */
  send<T>(what: string, timeoutMs: number, protocol: ProtocolRequest<T>): Promise<T> {
    return this.within(timeoutMs, `${what} at ${this.name}`, () => this.sendOn({ ...protocol, requestTimeout: timeoutMs }));
  }

  /** One request that has no answer: resolves when the socket has room for another. */
  sendUnanswered(what: string, timeoutMs: number, protocol: ProtocolRequest<unknown>): Promise<void> {
    const send = async (): Promise<void> => {
      await this.sendOn(protocol);
      const { socket } = this.connection;
      if (socket?.writableNeedDrain === true) await new Promise<void>(resolve => socket.once('drain', resolve));
    };
    return this.within(timeoutMs, `${what} to ${this.name}`, send);
  }

  /** Rejects what waits, with `reason`. Idempotent. */
  end(reason: WireError): void {
    if (this.ended !== null) return;
    this.ended = reason;
    for (const reject of this.waiting) reject(reason);
    this.waiting.clear();
    const { connection } = this;
    const deliberate = new Error(`${DELIBERATE}: ${reason.message}`);
    // `disconnect` waits for what is pending. A connection that is not yet open has a timer that only an error clears.
    connection.rejectRequests(deliberate);
    if (!connection.isConnected()) {
      connection.socket?.destroy(deliberate);
      return;
    }
    void connection.disconnect().catch(() => undefined);
    connection.socket?.destroy();
  }

  private endWithSocket(): void {
    this.connection.socket?.once('close', () => {
      this.end(new WireError('unavailable', 'CONNECTION_CLOSED', `The connection to ${this.name} has been closed.`));
    });
  }

  private sendOn<T>(protocol: ProtocolRequest<T>): Promise<T> {
    return this.connection.send({
      ...protocol,
      logResponseError: false,
      response: { decode: protocol.response.decode, parse: async data => data },
    });
  }

  private within<T>(timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> {
    if (this.ended !== null) return Promise.reject(this.ended);
    return new Promise<T>((resolve, reject) => {
      const quietMs = Math.max(0, this.connection.requestQueue.throttledUntil - Date.now());
      const timer = setTimeout(() => {
        this.end(new WireError('unavailable', 'NO_ANSWER', `${what}: no answer within ${timeoutMs} ms. The connection has been given up.`));
      }, timeoutMs + quietMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(fail);
      };
      const fail = (reason: WireError): void => {
        settle();
        reject(reason);
      };
      this.waiting.add(fail);
      work().then(
        value => {
          settle();
          resolve(value);
        },
        (error: unknown) => {
          const failure = toWireError(error, what);
          if (failure.kind === 'unavailable') this.end(failure);
          fail(this.ended ?? failure);
        },
      );
    });
  }
}
