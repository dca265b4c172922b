import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export const ApiKey = { Fetch: 1, ListOffsets: 2, Metadata: 3, OffsetCommit: 8, OffsetFetch: 9, FindCoordinator: 10, JoinGroup: 11, Heartbeat: 12, LeaveGroup: 13, SyncGroup: 14, SaslHandshake: 17, ApiVersions: 18 } as const;

/** Answers with the body of a reply, `null` for silence, or 'cut' to close the connection. */
export type Answer = () => Buffer | null | 'cut';

/** A broker that says what a test tells it to, request by request. It counts what reaches it. */
export class FakeBroker {
  readonly sockets = new Set<Socket>();
  connections = 0;
  /** Requests received, by API key. */
  readonly received = new Map<number, number>();
  private readonly answers = new Map<number, Answer>();

  private constructor(private readonly server: Server) {
    server.on('connection', socket => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
      let buffered = Buffer.alloc(0);
      socket.on('data', data => {
        buffered = Buffer.concat([buffered, data]);
        for (let size = frameSize(buffered); size <= buffered.length; size = frameSize(buffered)) {
          this.reply(socket, buffered.subarray(0, size));
          buffered = buffered.subarray(size);
        }
      });
    });
    this.on(ApiKey.ApiVersions, () => versions({ [ApiKey.Fetch]: [4, 11], [ApiKey.ListOffsets]: [1, 1], [ApiKey.Metadata]: [1, 1], [ApiKey.OffsetCommit]: [2, 2], [ApiKey.OffsetFetch]: [2, 2], [ApiKey.FindCoordinator]: [0, 0], [ApiKey.JoinGroup]: [1, 1], [ApiKey.Heartbeat]: [0, 0], [ApiKey.LeaveGroup]: [0, 0], [ApiKey.SyncGroup]: [0, 0], [ApiKey.SaslHandshake]: [0, 0] }));
    this.on(ApiKey.Metadata, () => Buffer.concat([int32(1), this.node(), int32(0), int32(0)]));
    this.on(ApiKey.FindCoordinator, () => Buffer.concat([int16(0), this.asCoordinator()]));
    this.on(ApiKey.Heartbeat, () => int16(0));
  }

  static async listen(): Promise<FakeBroker> {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new FakeBroker(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  get name(): string {
    return `127.0.0.1:${this.port}`;
  }

  on(apiKey: number, answer: Answer): void {
    this.answers.set(apiKey, answer);
  }
  count(apiKey: number): number {
    return this.received.get(apiKey) ?? 0;
  }
  /** Node id, host and port, as FindCoordinator names them. */
  asCoordinator(): Buffer {
    return Buffer.concat([int32(1), text('127.0.0.1'), int32(this.port)]);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }

  private node(): Buffer {
    return Buffer.concat([this.asCoordinator(), int16(-1)]);
  }

  private reply(socket: Socket, frame: Buffer): void {
    const apiKey = frame.readInt16BE(4);
    this.received.set(apiKey, this.count(apiKey) + 1);
    const body = this.answers.get(apiKey)?.() ?? null;
    if (body === 'cut') socket.destroy();
    else if (body !== null) socket.write(Buffer.concat([int32(4 + body.length), frame.subarray(8, 12), body]));
  }
}

function frameSize(buffered: Buffer): number {
  return buffered.length < 4 ? Infinity : 4 + buffered.readInt32BE(0);
}

export function versions(ranges: Readonly<Record<number, readonly [min: number, max: number]>>): Buffer {
  const entries = Object.entries(ranges).map(([key, [min, max]]) => Buffer.concat([int16(Number(key)), int16(min), int16(max)]));
  return Buffer.concat([int16(0), int32(entries.length), ...entries, int32(0)]);
}

export function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}
export function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}
export function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}
