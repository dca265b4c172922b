import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Settings } from '../settings.js';
import type { Order } from './order.js';

/** The slow downstream: a payment provider that answers after a while, and not always with yes. */
@Injectable()
export class Payments {
  constructor(private readonly settings: Settings) {}

  /** @returns whether the card was accepted. Throws where the provider has given no answer. */
  async charge(order: Order, attempt: number): Promise<boolean> {
    await delay(this.settings.paymentMs);
    if (order.card === 'flaky' && attempt === 1) throw new Error(`No answer from the payment provider for order ${order.id}`);
    return order.card !== 'expired';
  }

  async refund(): Promise<void> {
    await delay(this.settings.paymentMs);
  }
}
