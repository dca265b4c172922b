import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka, KafkaConfig } from 'kafkajs';
import { WireError } from '../consumer/wire.js';
import { BrokerLink } from './broker-link.js';
import { toWireError } from './errors.js';
import type { Address, KafkajsBroker, KafkajsCluster } from './kafkajs-types.js';

/** What a connection is for. What waits in the broker must not hold up anything of another purpose. */
export type Purpose = 'query' | 'fetch' | 'produce' | 'join' | 'heartbeat' | 'offsets';

/** How many brokers are tried where the configuration does not say how many there are. */
const UNKNOWN_SEEDS = 3;

export function seedsOf(client: KafkaConfig | (() => Kafka)): number {
  return typeof client !== 'function' && Array.isArray(client.brokers) ? client.brokers.length : UNKNOWN_SEEDS;
}

/** The brokers of a cluster, as far as they are known, and the connections to them. */
export class Brokers {
  private readonly addresses = new Map<number, Address>();
  private readonly links = new Map<string, Promise<BrokerLink>>();
  /** Every link that may still have a connection, those that are only being opened included. */
  private readonly live = new Set<BrokerLink>();
  private search: Promise<BrokerLink> | null = null;
  private readonly closing = new AbortController();

  constructor(
    private readonly cluster: KafkajsCluster,
    /** How many brokers are configured. */
    private readonly seeds: number,
    /** For opening a connection (TCP, TLS, versions and SASL) where the caller names no other. */
    private readonly openTimeoutMs: number,
  ) {}

  /** Where the brokers are, from a reply with metadata. */
  learn(brokers: readonly ({ readonly nodeId: number } & Address)[]): void {
    this.addresses.clear();
    for (const { nodeId, host, port } of brokers) this.addresses.set(nodeId, { host, port });
  }
  address(nodeId: number): Address | null {
    return this.addresses.get(nodeId) ?? null;
  }

  /** The open connection of this purpose, or a new one. */
  async link(purpose: Purpose, address: Address, timeoutMs = this.openTimeoutMs): Promise<BrokerLink> {
    const key = `${purpose} ${address.host}:${address.port}`;
    const known = this.links.get(key);
    if (known !== undefined) {
      const link = await known;
      if (link.isOpen) return link;
      // Meanwhile somebody else may have opened the next one.
      if (this.links.get(key) === known) this.links.delete(key);
      return this.link(purpose, address, timeoutMs);
    }
    const opening = this.open(address, timeoutMs);
    this.links.set(key, opening);
    opening.catch(() => {
      if (this.links.get(key) === opening) this.links.delete(key);
    });
    return opening;
  }

  /** Ends the connection of this purpose, so that what waits on it is told at once. */
  drop(purpose: Purpose, address: Address, reason: WireError): void {
    const key = `${purpose} ${address.host}:${address.port}`;
    const link = this.links.get(key);
    this.links.delete(key);
    link?.then(open => open.end(reason), () => undefined);
  }

  /** One request that any broker can answer. One that does not answer is replaced once. */
  async ask<T>(what: string, timeoutMs: number, call: (broker: KafkajsBroker) => Promise<T>): Promise<T> {
    const first = await this.any();
    try {
      return await first.request(what, timeoutMs, call);
    } catch (error) {
      if (first.isOpen) throw error;
      return (await this.any()).request(what, timeoutMs, call);
    }
  }

  /** A connection to whichever broker answers: that in use, else one of those known, else one of the configured. */
  any(): Promise<BrokerLink> {
    this.search ??= this.findAny();
    const search = this.search;
    return search.then(
      link => {
        if (link.isOpen) return link;
        if (this.search === search) this.search = null;
        return this.any();
      },
      (error: unknown) => {
        if (this.search === search) this.search = null;
        throw error;
      },
    );
  }

  /** Waits, unless everything is closed meanwhile. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.closing.signal }).catch(() => undefined);
    this.failIfClosed();
  }

  close(): void {
    this.closing.abort();
    for (const link of this.live) link.end(closed());
    this.live.clear();
    this.links.clear();
  }

  private async findAny(): Promise<BrokerLink> {
    const known = [...this.addresses.values()];
    // Members of a group should not all ask the same broker.
    const first = Math.floor(Math.random() * known.length);
    const candidates: (Address | null)[] = [...known.slice(first), ...known.slice(0, first), ...Array<null>(this.seeds).fill(null)];
    let failure: WireError | null = null;
    for (const address of candidates) {
      try {
        return address === null ? await this.open(null, this.openTimeoutMs) : await this.link('query', address);
      } catch (error) {
        failure = toWireError(error, 'Connecting');
        if (failure.kind === 'fatal' || this.closing.signal.aborted) break;
      }
    }
    throw failure ?? new WireError('fatal', 'NO_BROKERS', 'No broker is configured. Give at least one in `client.brokers`, such as localhost:9092.');
  }

  private open(address: Address | null, timeoutMs: number): Promise<BrokerLink> {
    return BrokerLink.open(this.cluster, address, timeoutMs, link => {
      this.failIfClosed();
      for (const other of this.live) if (other.hasEnded) this.live.delete(other);
      this.live.add(link);
    });
  }

  private failIfClosed(): void {
    if (this.closing.signal.aborted) throw closed();
  }
}

function closed(): WireError {
  return new WireError('unavailable', 'CLOSED', 'The client has closed its connections.');
}
