import { Module } from '@nestjs/common';
import { AnalyticsHandler } from './analytics.handler.js';

@Module({ providers: [AnalyticsHandler], exports: [AnalyticsHandler] })
export class AnalyticsModule {}
