import type { Socket } from 'node:net';
import type { Call, RequestContext } from '../apis/api.js';
import { registry } from '../apis/registry.js';
import type { Cluster } from '../cluster.js';
import type { FaultList } from '../faults/fault-list.js';
import type { Node } from '../nodes.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { frameResponse, readRequestHeader, type RequestHeader } from '../protocol/headers.js';
import { ProtocolError } from '../protocol/protocol.error.js';
import { Reader } from '../protocol/reader.js';
import type { Writer } from '../protocol/writer.js';
import { FrameSplitter } from './frames.js';

const API_VERSIONS = 18;

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly faults: FaultList;
  /** A handler threw what it should not: a defect of this broker, which must not hide behind a client's retry. */
  defect(error: unknown): void;
}

/**
 * One client connection. One request at a time, in order, as Kafka's broker: while a JoinGroup or a Fetch waits, whatever the
 * client sent behind it waits, too.
 */
export class Connection {
  readonly #frames = new FrameSplitter();
  readonly #onClose = new Set<() => void>();
  #busy = false;
  #closed = false;

  constructor(
    readonly socket: Socket,
    readonly host: ConnectionHost,
  ) {
    socket.setNoDelay(true);
    socket.on('data', chunk => {
      this.#frames.add(chunk);
      if (this.#busy) socket.pause();
      else void this.#serve();
    });
    socket.on('error', () => this.cut());
    socket.on('close', () => this.#closing());
  }

  cut(): void {
    this.socket.destroy();
    this.#closing();
  }

  async #serve(): Promise<void> {
    this.#busy = true;
    try {
      for (let frame = this.#frames.next(); frame !== null && !this.#closed; frame = this.#frames.next()) await this.#answer(frame);
      this.socket.resume();
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.host.defect(error);
      this.cut();
    } finally {
      this.#busy = false;
    }
  }

  async #answer(frame: Buffer): Promise<void> {
    const reader = new Reader(frame);
    const header = readRequestHeader(reader);
    const api = registry.get(header.apiKey);
    if (api === undefined) throw new ProtocolError(`no API has the key ${header.apiKey}`);
    if (header.apiVersion < api.versions[0] || header.apiVersion > api.versions[1]) return this.#unsupported(header);
    const flexible = api.isFlexible(header.apiVersion);
    const body = new Reader(frame, header.apiVersion, flexible, reader.position);
    body.taggedFields();
    const call = api.decode(body);
    const answer = await this.#judged(api.name, header, call);
    if (answer === null || this.#closed) return;
    // The header of this one answer never changes, so that a client of any age can read it.
    this.#send(frameResponse(header.correlationId, flexible && api.key !== API_VERSIONS, answer));
  }

  /** Only ApiVersions has an answer for a version that nobody knows: the versions that are known. */
  #unsupported(header: RequestHeader): void {
    const api = registry.get(API_VERSIONS);
    if (api === undefined || header.apiKey !== API_VERSIONS) throw new ProtocolError(`version ${header.apiVersion} of the API ${header.apiKey} is not served`);
    const call = api.decode(new Reader(Buffer.alloc(0)));
    this.#send(frameResponse(header.correlationId, false, call.refuse(ErrorCode.UNSUPPORTED_VERSION)));
  }

  async #judged(api: string, header: RequestHeader, call: Call): Promise<Writer | null> {
    const { node, faults } = this.host;
    const verdict = await faults.judge({ api, version: header.apiVersion, broker: node.id, clientId: header.clientId ?? '', request: call.request }, call.remembered, work => this.#whenClosed(work));
    if (this.#closed) return null;
    switch (verdict.kind) {
      case 'pass':
        return this.#handled(header, call);
      case 'refuse':
        return call.refuse(verdict.error);
      case 'lose':
        await this.#handled(header, call);
        this.cut();
        return null;
      case 'cut':
        this.cut();
        return null;
      case 'silence':
        return new Promise(resolve => this.#whenClosed(() => resolve(null)));
    }
  }

  async #handled(header: RequestHeader, call: Call): Promise<Writer | null> {
    const { cluster, node } = this.host;
    const context: RequestContext = {
      cluster,
      node,
      version: header.apiVersion,
      clientId: header.clientId ?? '',
      clientHost: `/${this.socket.remoteAddress ?? '127.0.0.1'}`,
      onClose: work => this.#whenClosed(work),
    };
    try {
      return await call.handle(context);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.host.defect(error);
      return call.refuse(ErrorCode.UNKNOWN_SERVER_ERROR);
    }
  }

  #send(buffers: readonly Buffer[]): void {
    this.socket.cork();
    for (const buffer of buffers) this.socket.write(buffer);
    this.socket.uncork();
  }

  #whenClosed(work: () => void): () => void {
    if (this.#closed) work();
    else this.#onClose.add(work);
    return () => void this.#onClose.delete(work);
  }

  #closing(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const work of [...this.#onClose]) work();
    this.#onClose.clear();
  }
}
