import { Module } from '@nestjs/common';
import { KafkaManyThreadsModule } from 'nestjs-kafka-many-threads';
import { OrdersHandler, Payments } from './orders.handler.js';

const payments: Payments = { charge: async ({ id }) => `charged order ${id}` }; // a payment provider, say

@Module({
  imports: [KafkaManyThreadsModule.forRoot({ client: { clientId: 'shop', brokers: ['kafka.example:9093'], ssl: true }, consumer: { groupId: 'shop' } })],
  providers: [OrdersHandler, { provide: Payments, useValue: payments }],
})
export class AppModule {}
