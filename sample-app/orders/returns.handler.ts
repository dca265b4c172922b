import { Injectable } from '@nestjs/common';
import { type KafkaContext, KafkaHandler } from 'nestjs-kafka-many-threads';
import { Ledger } from '../ledger.service.js';
import type { Order } from './order.js';
import { Payments } from './payments.service.js';

@Injectable()
export class ReturnsHandler {
  constructor(
    private readonly payments: Payments,
    private readonly ledger: Ledger,
  ) {}

  /** Same group as the orders, with a limit of its own: however many returns there are, orders keep the other slots. */
  @KafkaHandler('returns', { concurrency: 10 })
  async refund(_order: Order, context: KafkaContext<Order>): Promise<void> {
    await this.ledger.record(context, () => this.payments.refund());
  }
}
