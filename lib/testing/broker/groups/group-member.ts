import type { Answer, GroupProtocol, JoinReply, JoinRequest, SyncReply } from './group-requests.js';

const NOTHING = Buffer.alloc(0);

/** A member of a classic group. While it waits for a join or a sync, who waits is here, and its session does not end. */
export class GroupMember {
  protocols: readonly GroupProtocol[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  assignment: Buffer = NOTHING;
  joining: Answer<JoinReply> | null = null;
  syncing: Answer<SyncReply> | null = null;
  /** Its first join is not answered yet. Nobody would notice if its client were gone: it is given up after a while. */
  isNew = true;
  cancelSession: () => void = () => {};
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;

  constructor(
    readonly id: string,
    request: Pick<JoinRequest, 'instanceId' | 'clientId' | 'clientHost' | 'protocols' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs'>,
  ) {
    this.instanceId = request.instanceId;
    this.clientId = request.clientId;
    this.clientHost = request.clientHost;
    this.protocols = request.protocols;
    this.sessionTimeoutMs = request.sessionTimeoutMs;
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  }

  get isExcused(): boolean {
    return !this.isNew && (this.joining !== null || this.syncing !== null);
  }

  update({ protocols, sessionTimeoutMs, rebalanceTimeoutMs }: JoinRequest): void {
    this.protocols = protocols;
    this.sessionTimeoutMs = sessionTimeoutMs;
    this.rebalanceTimeoutMs = rebalanceTimeoutMs;
  }

  answerJoin(reply: JoinReply): void {
    const { joining } = this;
    this.joining = null;
    joining?.(reply);
  }
  answerSync(reply: SyncReply): void {
    const { syncing } = this;
    this.syncing = null;
    syncing?.(reply);
  }

  speaks(protocol: string): boolean {
    return this.protocols.some(({ name }) => name === protocol);
  }
  metadata(protocol: string): Buffer {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? NOTHING;
  }
  /** The same protocols in the same order, with the same metadata to the byte. */
  offers(protocols: readonly GroupProtocol[]): boolean {
    return (
      this.protocols.length === protocols.length &&
      protocols.every(({ name, metadata }, index) => this.protocols[index].name === name && this.protocols[index].metadata.equals(metadata))
    );
  }
}
