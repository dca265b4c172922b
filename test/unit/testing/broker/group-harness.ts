import { GroupCoordinator } from '../../../../lib/testing/broker/groups/group-coordinator.js';
import type { GroupDescription, JoinReply, JoinRequest, LeavingMember, SyncReply, SyncRequest } from '../../../../lib/testing/broker/groups/group-requests.js';
import { GROUP_SETTINGS, type GroupSettings } from '../../../../lib/testing/broker/groups/group-settings.js';
import { ManualClock } from '../../../support/fake-fetch-wire.js';

/** An answer that may still be due. */
export interface Due<Reply> {
  reply: Reply | null;
}
export const SESSION_MS = 10_000;
export const REBALANCE_MS = 30_000;

/** A coordinator with a group `g`, on a clock of the test, and clients that send one request at a time. */
export class GroupHarness {
  readonly clock = new ManualClock();
  readonly coordinator: GroupCoordinator;

  constructor(settings: Partial<GroupSettings> = {}) {
    this.coordinator = new GroupCoordinator({ clock: this.clock }, { ...GROUP_SETTINGS, ...settings });
  }

  get description(): GroupDescription {
    return this.coordinator.describe('g');
  }
  get state(): string {
    return this.description.state;
  }

  join(request: Partial<JoinRequest> = {}): Due<JoinReply> {
    const due: Due<JoinReply> = { reply: null };
    this.coordinator.join({ ...JOIN, ...request }, (reply) => void (due.reply = reply));
    return due;
  }

  /** The two requests of a member that is new. */
  newcomer(request: Partial<JoinRequest> = {}): { readonly id: string; readonly joined: Due<JoinReply> } {
    const id = this.join(request).reply?.memberId ?? '';
    return { id, joined: this.join({ ...request, memberId: id }) };
  }

  sync(memberId: string, generation: number, assignments: Readonly<Record<string, string>> = {}, identity: Partial<SyncRequest> = {}): Due<SyncReply> {
    const due: Due<SyncReply> = { reply: null };
    const divided = new Map(Object.entries(assignments).map(([id, text]) => [id, Buffer.from(text)]));
    const request = { groupId: 'g', memberId, instanceId: null, generation, protocolType: 'consumer', protocolName: null, assignments: divided };
    this.coordinator.sync({ ...request, ...identity }, (reply) => void (due.reply = reply));
    return due;
  }

  heartbeat(memberId: string, generation: number, instanceId: string | null = null): number {
    return this.coordinator.heartbeat({ groupId: 'g', memberId, instanceId, generation });
  }
  leave(...leaving: Partial<LeavingMember>[]): number | number[] {
    return this.coordinator.leave('g', leaving.map((member) => ({ memberId: '', instanceId: null, ...member })));
  }
  commit(memberId: string, generation: number, offset = 1): number {
    const [answer] = this.coordinator.commit({ groupId: 'g', memberId, instanceId: null, generation }, [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }], -99);
    return answer;
  }
  get committed(): number {
    return this.coordinator.fetchOffsets('g', [{ topic: 't', partition: 0 }], false)[0].offset;
  }

  /** A stable group of this many members; the first one leads. */
  async stable(count: number, request: (index: number) => Partial<JoinRequest> = () => ({})): Promise<string[]> {
    const joins = Array.from({ length: count }, (_, index) => this.newcomer(request(index)));
    await this.clock.pass(0);
    const ids = joins.map(({ id }) => id);
    const generation = joins[0].joined.reply?.generation ?? 0;
    for (const id of ids) this.sync(id, generation, Object.fromEntries(ids.map((each, index) => [each, `part ${index}`])));
    return ids;
  }

  /** Heartbeats of these members, every second, for so long. */
  async beat(memberIds: readonly string[], generation: number, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      await this.clock.pass(1000);
      for (const id of memberIds) this.heartbeat(id, generation);
    }
  }
}

export function protocols(...names: string[]): { name: string; metadata: Buffer }[] {
  return names.map((name) => ({ name, metadata: Buffer.from(`${name}'s metadata`) }));
}

const JOIN: JoinRequest = {
  groupId: 'g',
  memberId: '',
  instanceId: null,
  clientId: 'client',
  clientHost: '/127.0.0.1',
  sessionTimeoutMs: SESSION_MS,
  rebalanceTimeoutMs: REBALANCE_MS,
  protocolType: 'consumer',
  protocols: protocols('range'),
  mustJoinWithId: true,
  maySkipAssignment: false,
};
