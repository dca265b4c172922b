import { Inject, Injectable } from '@nestjs/common';
import { type KafkaContext, KafkaHandler } from 'nestjs-kafka-many-threads';

export interface Order {
  id: number;
  amount: number;
}

export abstract class Payments {
  abstract charge(order: Order, signal: AbortSignal): Promise<string>;
}

@Injectable()
export class OrdersHandler {
  constructor(@Inject(Payments) private readonly payments: Payments) {}

  @KafkaHandler('orders', { retry: { retries: 2, backoff: 20 } })
  async handle(order: Order, { record, origin, signal, send }: KafkaContext<Order>): Promise<void> {
    const receipt = await this.payments.charge(order, signal);
    await send('receipts', { key: record.key, value: receipt, headers: { order: `${origin.partition}/${origin.offset}` } });
  }
}
