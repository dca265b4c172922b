import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Api } from '../../lib/testing/broker/apis/api.js';
import { writeRequestHeader } from '../../lib/testing/broker/protocol/headers.js';
import { Reader } from '../../lib/testing/broker/protocol/reader.js';
import { Writer } from '../../lib/testing/broker/protocol/writer.js';
import { FrameSplitter } from '../../lib/testing/broker/server/frames.js';

interface Waiting {
  resolve(body: Buffer): void;
  reject(error: Error): void;
}

/**
 * Speaks one version of one API at a time, by the embedded broker's own layouts, to any broker: the same request can be sent to
 * the embedded and to a real one.
 */
export class RawClient {
  private readonly waiting = new Map<number, Waiting>();
  private readonly frames = new FrameSplitter();
  private correlation = 0;

  private constructor(
    readonly socket: Socket,
    readonly clientId: string,
  ) {
    socket.setNoDelay(true);
    socket.on('data', chunk => this.arrived(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the broker closed the connection'));
      this.waiting.clear();
    });
  }

  /** `address` is `host:port`. */
  static async connect(address: string, clientId = 'raw'): Promise<RawClient> {
    const [host, port] = address.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    return new RawClient(socket, clientId);
  }

  async call<Req, ReqW, ResR, Res>(api: Api<Req, ReqW, ResR, Res>, version: number, request: ReqW): Promise<ResR> {
    const flexible = api.isFlexible(version);
    const id = this.send(api, version, request);
    const body = await new Promise<Buffer>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    const reader = new Reader(body, version, flexible);
    if (api.key !== 18) reader.taggedFields();
    const response = api.response.read(reader);
    if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes follow a ${api.name} response of version ${version}`);
    return response;
  }

  /** Answers the correlation id; nobody waits for the response. */
  send<Req, ReqW, ResR, Res>(api: Api<Req, ReqW, ResR, Res>, version: number, request: ReqW): number {
    const flexible = api.isFlexible(version);
    const id = this.correlation++;
    const writer = new Writer(version, flexible);
    writeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId: id, clientId: this.clientId });
    api.request.write(writer, request);
    const length = Buffer.alloc(4);
    length.writeInt32BE(writer.length);
    this.socket.write(Buffer.concat([length, ...writer.buffers()]));
    return id;
  }

  close(): void {
    this.socket.destroy();
  }

  private arrived(chunk: Buffer): void {
    this.frames.add(chunk);
    for (let frame = this.frames.next(); frame !== null; frame = this.frames.next()) {
      const id = frame.readInt32BE(0);
      this.waiting.get(id)?.resolve(frame.subarray(4));
      this.waiting.delete(id);
    }
  }
}
