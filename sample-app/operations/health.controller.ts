import { Controller, Get } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { KafkaHealthIndicator } from 'nestjs-kafka-many-threads/terminus';

/** What a platform's probes ask: 200 or 503, and why. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly kafka: KafkaHealthIndicator,
  ) {}

  @Get('started')
  @HealthCheck()
  started(): Promise<HealthCheckResult> {
    return this.health.check([() => this.kafka.isStarted('kafka')]);
  }

  /** Down only where a restart helps. What the application depends on (its database, say) does not belong here. */
  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([() => this.kafka.isLive('kafka')]);
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.kafka.isReady('kafka', { maxLag: 100_000 })]);
  }
}
