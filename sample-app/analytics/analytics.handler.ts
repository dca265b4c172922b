import { Injectable } from '@nestjs/common';
import { type KafkaContext, KafkaHandler } from 'nestjs-kafka-many-threads';
import { Ledger } from '../ledger.service.js';
import type { Order } from '../orders/order.js';

export const ANALYTICS_GROUP = process.env['ANALYTICS_GROUP'] ?? 'analytics';

/** A group of its own reads both topics at its own pace: a slow payment provider does not delay it. */
@Injectable()
export class AnalyticsHandler {
  /** What this process has seen since its start. */
  readonly amountByTopic = new Map<string, number>();

  constructor(private readonly ledger: Ledger) {}

  /** Sums need no order: any record may run beside any other. */
  @KafkaHandler(['orders', 'returns'], { groupId: ANALYTICS_GROUP, ordering: 'none' })
  async add(order: Order, context: KafkaContext<Order>): Promise<void> {
    const { topic } = context.record;
    await this.ledger.record(context, async () => {
      this.amountByTopic.set(topic, (this.amountByTopic.get(topic) ?? 0) + order.amount);
    });
  }
}
