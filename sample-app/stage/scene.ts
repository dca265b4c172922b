import { join } from 'node:path';
import type { Order } from '../orders/order.js';
import { LedgerReader } from './ledger-reader.js';
import type { Stage } from './stage.js';
import { Topics } from './topics.js';
import { judge, type Verdict } from './verdict.js';

export interface Props {
  readonly orders: readonly Order[];
  /** Of the orders' topic. @default 2 */
  readonly partitions?: number;
  readonly returns?: readonly Order[];
}

/** Filled topics, an empty ledger, and the settings with which a shop finds both. */
export class Scene {
  readonly ledger: LedgerReader;

  private constructor(
    readonly topics: Topics,
    readonly ordersTopic: string,
    readonly returnsTopic: string,
    folder: string,
  ) {
    this.ledger = new LedgerReader(join(folder, 'ledger'));
  }

  static async set(stage: Stage, { orders, partitions = 2, returns = [] }: Props): Promise<Scene> {
    const topics = await Topics.open(stage);
    const scene = new Scene(topics, await topics.create(stage, 'orders', partitions), await topics.create(stage, 'returns', 2), stage.folder);
    await topics.fill(scene.ordersTopic, orders, partitions);
    await topics.fill(scene.returnsTopic, returns, 2);
    return scene;
  }

  /** A group of its own for each run, on a broker that may know others. */
  get groupId(): string {
    return this.ordersTopic;
  }

  /** For `ShopProcess`; more can be spread beside them. */
  get settings(): Readonly<Record<string, string>> {
    return { ORDERS_TOPIC: this.ordersTopic, RETURNS_TOPIC: this.returnsTopic, GROUP_ID: this.groupId, LEDGER_FILE: this.ledger.file };
  }

  /** What the ledger says now about the orders, or another topic or group. */
  async verdict({ groupId = this.groupId, topic = this.ordersTopic } = {}): Promise<Verdict> {
    return judge({ entries: this.ledger.read(), groupId, topic, ends: await this.topics.ends(topic) });
  }

  isCommitted(): Promise<boolean> {
    return this.topics.isCommittedToTheEnd(this.groupId, this.ordersTopic);
  }
}
