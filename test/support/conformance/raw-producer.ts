import { addOffsetsToTxnApi } from '../../../lib/testing/broker/apis/add-offsets-to-txn.js';
import { addPartitionsToTxnApi } from '../../../lib/testing/broker/apis/add-partitions-to-txn.js';
import { endTxnApi } from '../../../lib/testing/broker/apis/end-txn.js';
import { findCoordinator } from '../../../lib/testing/broker/apis/find-coordinator.js';
import { initProducerIdApi } from '../../../lib/testing/broker/apis/init-producer-id.js';
import { txnOffsetCommitApi } from '../../../lib/testing/broker/apis/txn-offset-commit.js';
import type { Read } from '../../../lib/testing/broker/protocol/types.js';
import { eventually } from '../kafka.js';
import { RawClient } from '../raw-client.js';
import { nameOf } from './raw-member.js';

export type Initialized = Read<typeof initProducerIdApi.response>;
export interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** The transactional requests of a producer, one at a time, and without a will of its own. */
export class RawProducer {
  producerId = -1;
  producerEpoch = -1;

  private constructor(
    readonly client: RawClient,
    readonly transactionalId: string,
  ) {}

  static async connect(address: string, transactionalId: string): Promise<RawProducer> {
    const client = await RawClient.connect(address, 'raw-producer');
    const find = () => client.call(findCoordinator, 3, { key: transactionalId, keyType: 1, coordinatorKeys: [] });
    await eventually(async () => (await find()).errorCode === 0, { what: 'the transactional id has a coordinator' });
    const end = () => client.call(endTxnApi, 1, { transactionalId, producerId: 0, producerEpoch: 0, committed: false });
    await eventually(async () => !isPassing(nameOf((await end()).errorCode)), { what: 'the coordinator has read its partition' });
    return new RawProducer(client, transactionalId);
  }

  async init(changes: Partial<{ transactionalId: string | null; transactionTimeoutMs: number; version: number } & Identity> = {}): Promise<Initialized & { readonly error: string }> {
    const { version = 5, ...request } = { transactionalId: this.transactionalId, transactionTimeoutMs: 60_000, ...changes };
    const answer = await this.client.call(initProducerIdApi, version, request);
    if (answer.errorCode === 0) ({ producerId: this.producerId, producerEpoch: this.producerEpoch } = answer);
    return { ...answer, error: nameOf(answer.errorCode) };
  }
  /** As a client does: again while a transaction is being ended. */
  async start(changes: Parameters<RawProducer['init']>[0] = {}): Promise<Identity> {
    await eventually(async () => (await this.init(changes)).error === 'NONE', { what: `${this.transactionalId} has a producer` });
    return this.identity;
  }
  get identity(): Identity {
    return { producerId: this.producerId, producerEpoch: this.producerEpoch };
  }

  async addPartition(topic: string, identity: Partial<Identity> = {}, version = 3): Promise<string> {
    const answer = await this.client.call(addPartitionsToTxnApi, version, { transactionalId: this.transactionalId, ...this.identity, ...identity, topics: [{ name: topic, partitions: [0] }] });
    return nameOf(answer.results[0].resultsByPartition[0].partitionErrorCode);
  }
  async addOffsets(groupId: string, identity: Partial<Identity> = {}, version = 3): Promise<string> {
    const answer = await this.client.call(addOffsetsToTxnApi, version, { transactionalId: this.transactionalId, ...this.identity, ...identity, groupId });
    return nameOf(answer.errorCode);
  }
  async end(committed: boolean, identity: Partial<Identity> = {}, version = 3): Promise<string> {
    const answer = await this.client.call(endTxnApi, version, { transactionalId: this.transactionalId, ...this.identity, ...identity, committed });
    return nameOf(answer.errorCode);
  }
  async commitOffset(groupId: string, topic: string, changes: Partial<Identity & { offset: number; generationId: number; memberId: string; version: number; metadata: string; partition: number }> = {}): Promise<string> {
    const { offset = 5, version = 3, metadata = '', partition = 0, ...identity } = changes;
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, committedOffset: offset, committedMetadata: metadata }] }];
    const answer = await this.client.call(txnOffsetCommitApi, version, { transactionalId: this.transactionalId, groupId, ...this.identity, topics, ...identity });
    return nameOf(answer.topics[0].partitions[0].errorCode);
  }
  /** A request whose transaction before may still be about to end. */
  settled(request: () => Promise<string>): Promise<string> {
    let answer = '';
    return eventually(async () => !isPassing((answer = await request())), { what: 'the transaction before has ended' }).then(() => answer);
  }

  close(): void {
    this.client.close();
  }
}

function isPassing(error: string): boolean {
  return error === 'CONCURRENT_TRANSACTIONS' || error === 'COORDINATOR_LOAD_IN_PROGRESS' || error === 'NOT_COORDINATOR' || error === 'COORDINATOR_NOT_AVAILABLE';
}
