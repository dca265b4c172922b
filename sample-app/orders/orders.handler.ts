import { Injectable } from '@nestjs/common';
import { type KafkaContext, KafkaHandler, KafkaSkipException } from 'nestjs-kafka-many-threads';
import { Ledger } from '../ledger.service.js';
import type { Order } from './order.js';
import { Payments } from './payments.service.js';

@Injectable()
export class OrdersHandler {
  constructor(
    private readonly payments: Payments,
    private readonly ledger: Ledger,
  ) {}

  /** A failure is retried in place, and the customer's next order waits for it; other customers do not notice. */
  @KafkaHandler('orders', { retry: { retries: 5, backoff: 100 } })
  async charge(order: Order, context: KafkaContext<Order>): Promise<void> {
    await this.ledger.record(context, async () => {
      const accepted = await this.payments.charge(order, context.attempt);
      if (!accepted) throw new KafkaSkipException(`The card of ${order.customer} has expired`);
    });
  }
}
