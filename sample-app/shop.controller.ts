import { BadRequestException, Body, Controller, Get, Post } from '@nestjs/common';
import { KafkaConsumerService, type KafkaConsumerStats } from 'nestjs-kafka-many-threads';
import { AnalyticsHandler } from './analytics/analytics.handler.js';
import type { Order } from './orders/order.js';
import { Till } from './till.service.js';

@Controller()
export class ShopController {
  constructor(
    private readonly till: Till,
    private readonly consumers: KafkaConsumerService,
    private readonly analytics: AnalyticsHandler,
  ) {}

  /** Numbers of every consumer group in this process. */
  @Get('stats')
  stats(): { groups: KafkaConsumerStats[]; amountByTopic: Record<string, number> } {
    return { groups: this.consumers.getAllStats(), amountByTopic: Object.fromEntries(this.analytics.amountByTopic) };
  }

  @Post('orders')
  async order(@Body() body: { customer?: unknown; amount?: unknown } = {}): Promise<Order> {
    const { customer, amount } = body;
    if (typeof customer !== 'string' || customer === '') throw new BadRequestException('customer: expected a name');
    if (typeof amount !== 'number' || !(amount > 0)) throw new BadRequestException('amount: expected a number above 0');
    return this.till.order(customer, amount);
  }
}
