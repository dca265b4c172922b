import { Module } from '@nestjs/common';
import { AnalyticsModule } from './analytics/analytics.module.js';
import { CommonModule } from './common.module.js';
import { shopKafka } from './kafka.js';
import { OperationsModule } from './operations/operations.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { ShopController } from './shop.controller.js';
import { Till } from './till.service.js';

/** The whole shop, as `npm start` runs it. */
@Module({ imports: [CommonModule, shopKafka(), OrdersModule, AnalyticsModule, OperationsModule], controllers: [ShopController], providers: [Till] })
export class AppModule {}
