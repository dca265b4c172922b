import { Global, Module } from '@nestjs/common';
import { Ledger } from './ledger.service.js';
import { Settings } from './settings.js';

/** What every part of the shop uses. */
@Global()
@Module({ providers: [Settings, Ledger], exports: [Settings, Ledger] })
export class CommonModule {}
