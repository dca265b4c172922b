import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attack } from './attacks.js';

const MOST_LINGERING = 100;
/** Answers are not waited for, but a broker that cuts the connection is noticed. */
const LOOK_MS = 3;

/** Sends what nobody should, and keeps some connections open with a request half sent. */
export class HostileClient {
  private readonly lingering: Socket[] = [];
  private readonly dripping = new Set<NodeJS.Timeout>();

  constructor(private readonly port: number) {}

  async strike({ bytes, lingers }: Attack): Promise<void> {
    const socket = await this.open();
    socket.write(bytes);
    await delay(LOOK_MS);
    if (!lingers) return void socket.destroy();
    this.lingering.push(socket);
    if (this.lingering.length > MOST_LINGERING) this.lingering.shift()?.destroy();
  }

  /** A request that takes for ever, byte by byte. */
  async drip(request: Buffer, everyMs: number): Promise<void> {
    const socket = await this.open();
    let sent = 0;
    const timer = setInterval(() => socket.write(request.subarray(sent, ++sent % request.length || request.length)), everyMs);
    this.dripping.add(timer);
    this.lingering.push(socket);
  }

  close(): void {
    for (const timer of this.dripping) clearInterval(timer);
    for (const socket of this.lingering) socket.destroy();
  }

  private async open(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    // The broker may cut it at any moment, which is what it should do.
    socket.on('error', () => undefined);
    await new Promise(resolve => socket.once('connect', resolve).once('close', resolve));
    return socket;
  }
}
