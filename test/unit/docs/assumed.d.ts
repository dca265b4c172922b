/** What fragments of code in the documents take for granted: an application that has these. */
import type { KafkaConsumerService, KafkaProducerService } from 'nestjs-kafka-many-threads';

declare global {
  interface Order {
    readonly id: number;
    readonly amount: number;
  }
  class OrderDto implements Order {
    readonly id: number;
    readonly amount: number;
  }
  interface AssumedMembers {
    readonly consumers: KafkaConsumerService;
    readonly producer: KafkaProducerService;
    readonly payments: { charge(order: Order, options?: { signal: AbortSignal }): Promise<void> };
    readonly orders: { save(order: Order): Promise<void>; insertOnce(id: string, order: Order): Promise<void> };
  }
}
