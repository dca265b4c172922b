import { Module } from '@nestjs/common';
import { OrdersHandler } from './orders.handler.js';
import { Payments } from './payments.service.js';
import { ReturnsHandler } from './returns.handler.js';

@Module({ providers: [OrdersHandler, ReturnsHandler, Payments] })
export class OrdersModule {}
