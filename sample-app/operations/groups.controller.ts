import { BadRequestException, Body, Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { KafkaConsumerService, type KafkaLag, KafkaUnknownGroupError, KafkaUnknownPartitionError } from 'nestjs-kafka-many-threads';

/** Topic and partitions are those of the broker; without them the whole group is meant. */
interface Target {
  readonly topic?: string;
  readonly partitions?: number[];
}

/** What an operator does to a consumer group while it runs, in this process alone. */
@Controller('groups/:groupId')
export class GroupsController {
  constructor(private readonly consumers: KafkaConsumerService) {}

  /** From the brokers, a row for each partition of the group, whichever process has it. */
  @Get('lag')
  lag(@Param('groupId') groupId: string): Promise<KafkaLag[]> {
    return this.known(() => this.consumers.getLag(groupId, { all: true }));
  }

  /** What is in flight finishes; nothing new starts until `resume`. The process stays in the group. */
  @Post('pause')
  @HttpCode(204)
  async pause(@Param('groupId') groupId: string, @Body() target: Target = {}): Promise<void> {
    await this.known(() => this.consumers.pause({ ...checked(target), groupId }));
  }

  @Post('resume')
  @HttpCode(204)
  async resume(@Param('groupId') groupId: string, @Body() target: Target = {}): Promise<void> {
    await this.known(() => this.consumers.resume({ ...checked(target), groupId }));
  }

  /** Records that failed for good run again, once what they failed of is mended. */
  @Post('redeliver-held')
  async redeliverHeld(@Param('groupId') groupId: string, @Body() target: Target = {}): Promise<{ redelivered: number }> {
    return { redelivered: await this.known(() => this.consumers.redeliverHeld({ ...checked(target), groupId })) };
  }

  private async known<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KafkaUnknownGroupError || error instanceof KafkaUnknownPartitionError) throw new NotFoundException(error.message);
      throw error;
    }
  }
}

function checked({ topic, partitions }: Target): Target {
  if (topic !== undefined && typeof topic !== 'string') throw new BadRequestException('topic: expected a name');
  const areNumbers = Array.isArray(partitions) && partitions.every((partition) => Number.isInteger(partition));
  if (partitions !== undefined && !areNumbers) throw new BadRequestException('partitions: expected a list of numbers');
  return { topic, partitions };
}
