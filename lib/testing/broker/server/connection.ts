import type { Socket } from 'node:net';
import type { Call, RequestContext } from '../apis/api.js';
import { registry } from '../apis/registry.js';
import type { Cluster } from '../cluster.js';
import type { FaultList } from '../faults/fault-list.js';
import type { RequestHistory } from '../faults/request-history.js';
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
  readonly history: RequestHistory;
  /** A handler threw what it should not: a defect of this broker, which must not hide behind a client's retry. */
  defect(error: unknown): void;
}

/**
 * One client connection. One request at a time, in order, as Kafka's broker: while a JoinGroup or a Fetch waits, whatever the
 * client sent behind it waits, too.
 */
export class Connection {
  private readonly frames = new FrameSplitter();
  private readonly onClose = new Set<() => void>();
  private busy = false;
  private closed = false;

  constructor(
    readonly socket: Socket,
    readonly host: ConnectionHost,
  ) {
    socket.setNoDelay(true);
    socket.on('data', chunk => {
      this.frames.add(chunk);
      if (this.busy) socket.pause();
      else void this.serve();
    });
    socket.on('error', () => this.cut());
    socket.on('close', () => this.closing());
  }

  cut(): void {
    this.socket.destroy();
    this.closing();
  }

  private async serve(): Promise<void> {
    this.busy = true;
    try {
      for (let frame = this.frames.next(); frame !== null && !this.closed; frame = this.frames.next()) await this.answer(frame);
      this.socket.resume();
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.host.defect(error);
      this.cut();
    } finally {
      this.busy = false;
    }
  }

  private async answer(frame: Buffer): Promise<void> {
    const reader = new Reader(frame);
    const header = readRequestHeader(reader);
    const api = registry.get(header.apiKey);
    if (api === undefined) throw new ProtocolError(`no API has the key ${header.apiKey}`);
    if (header.apiVersion < api.versions[0] || header.apiVersion > api.versions[1]) return this.unsupported(header);
    const flexible = api.isFlexible(header.apiVersion);
    const body = new Reader(frame, header.apiVersion, flexible, reader.position);
    body.taggedFields();
    const call = api.decode(body);
    const answer = await this.judged(api.name, header, call);
    if (answer === null || this.closed) return;
    // The header of this one answer never changes, so that a client of any age can read it.
    await this.send(frameResponse(header.correlationId, flexible && api.key !== API_VERSIONS, answer));
  }

  /** Only ApiVersions has an answer for a version that nobody knows: the versions that are known. */
  private unsupported(header: RequestHeader): Promise<void> {
    const api = registry.get(API_VERSIONS);
    if (api === undefined || header.apiKey !== API_VERSIONS) throw new ProtocolError(`version ${header.apiVersion} of the API ${header.apiKey} is not served`);
    const call = api.decode(new Reader(Buffer.alloc(0)));
    return this.send(frameResponse(header.correlationId, false, call.refuse(ErrorCode.UNSUPPORTED_VERSION, this.context(header))));
  }

  private async judged(api: string, header: RequestHeader, call: Call): Promise<Writer | null> {
    const { cluster, node, faults, history } = this.host;
    const context = this.context(header);
    const seen = { api, version: header.apiVersion, broker: node.id, clientId: context.clientId, request: call.request };
    history.add({ ...seen, request: call.remembered, atMs: cluster.clock.epochMs() });
    const verdict = await faults.judge(seen, context.onClose);
    if (this.closed) return null;
    switch (verdict.kind) {
      case 'pass':
        return this.handled(call, context);
      case 'refuse':
        return call.refuse(verdict.error, context);
      case 'lose':
        await this.handled(call, context);
        this.cut();
        return null;
      case 'cut':
        this.cut();
        return null;
      case 'silence':
        return new Promise(resolve => context.onClose(() => resolve(null)));
    }
  }

  private async handled(call: Call, context: RequestContext): Promise<Writer | null> {
    try {
      return await call.handle(context);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.host.defect(error);
      return call.refuse(ErrorCode.UNKNOWN_SERVER_ERROR, context);
    }
  }

  private context({ apiVersion, clientId }: RequestHeader): RequestContext {
    const { cluster, node } = this.host;
    return {
      cluster,
      node,
      version: apiVersion,
      clientId: clientId ?? '',
      clientHost: `/${this.socket.remoteAddress ?? '127.0.0.1'}`,
      onClose: work => this.whenClosed(work),
    };
  }

  /** Done when the client can take more: who does not read its answers has no further request served, and fills no memory. */
  private async send(buffers: readonly Buffer[]): Promise<void> {
    this.socket.cork();
    for (const buffer of buffers) this.socket.write(buffer);
    this.socket.uncork();
    if (this.socket.writableNeedDrain) await this.drained();
  }

  private drained(): Promise<void> {
    return new Promise(resolve => {
      const undo = this.whenClosed(resolve);
      this.socket.once('drain', () => {
        undo();
        resolve();
      });
    });
  }

  private whenClosed(work: () => void): () => void {
    if (this.closed) work();
    else this.onClose.add(work);
    return () => void this.onClose.delete(work);
  }

  private closing(): void {
    if (this.closed) return;
    this.closed = true;
    for (const work of [...this.onClose]) work();
    this.onClose.clear();
  }
}
