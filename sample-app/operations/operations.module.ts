import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { KafkaHealthIndicator } from 'nestjs-kafka-many-threads/terminus';
import { GroupsController } from './groups.controller.js';
import { HealthController } from './health.controller.js';

@Module({ imports: [TerminusModule], controllers: [HealthController, GroupsController], providers: [KafkaHealthIndicator] })
export class OperationsModule {}
