import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What becomes of the bytes:
 * - 'open': they pass, each `latencyMs` later;
 * - 'cut': connections are reset, and new ones as soon as they are made;
 * - 'half-open': connections are accepted and stay; nothing arrives. What was sent meanwhile arrives once it is open again.
 */
export type NetworkState = 'open' | 'cut' | 'half-open';

/** Nothing is under way. */
const IDLE: Promise<void> = Promise.resolve();

/** A process's network: a way of its own to each broker. */
export class Network {
  /** By the broker's address, the port that leads to it. */
  readonly ways: Record<string, number> = {};
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  private state: NetworkState = 'open';
  private latencyMs = 0;
  private opened: (() => void)[] = [];

  static async to(brokers: readonly string[]): Promise<Network> {
    const network = new Network();
    await Promise.all(brokers.map((broker) => network.listenFor(broker)));
    return network;
  }

  cut(): void {
    this.state = 'cut';
    for (const socket of this.sockets) socket.destroy();
  }
  halfOpen(): void {
    this.state = 'half-open';
  }
  slow(latencyMs: number): void {
    this.latencyMs = latencyMs;
  }
  heal(): void {
    this.state = 'open';
    this.latencyMs = 0;
    for (const resume of this.opened.splice(0)) resume();
  }

  async close(): Promise<void> {
    this.heal();
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private async listenFor(broker: string): Promise<void> {
    const port = Number(broker.split(':')[1]);
    const server = createServer((socket) => this.join(socket, port));
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.ways[broker] = (server.address() as AddressInfo).port;
  }

  private join(client: Socket, port: number): void {
    this.track(client);
    if (this.state === 'cut') return void client.resetAndDestroy();
    const broker = this.track(connect({ host: '127.0.0.1', port }));
    this.carry(client, broker);
    this.carry(broker, client);
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }

  /** In order: each chunk waits for its own latency and for the one before it. */
  private carry(from: Socket, to: Socket): void {
    let last = IDLE;
    from.on('data', (chunk: Buffer) => {
      if (last === IDLE && this.state === 'open' && this.latencyMs === 0) return void to.write(chunk);
      const turn = this.later(last, chunk, to).then(() => {
        if (last === turn) last = IDLE;
      });
      last = turn;
    });
    from.once('close', () => void last.then(() => this.open()).then(() => to.destroy()));
  }

  private async later(before: Promise<void>, chunk: Buffer, to: Socket): Promise<void> {
    const dueMs = performance.now() + this.latencyMs;
    await before;
    await delay(Math.max(0, dueMs - performance.now()));
    await this.open();
    if (!to.destroyed) to.write(chunk);
  }

  private open(): Promise<void> {
    return this.state === 'half-open' ? new Promise((resume) => this.opened.push(resume)) : Promise.resolve();
  }
}

