export interface Order {
  readonly id: number;
  /** Key of the record: orders of one customer are handled one after the other. */
  readonly customer: string;
  readonly amount: number;
  /** 'flaky': the first attempt to charge it fails. 'expired': it can never be charged. */
  readonly card: 'valid' | 'flaky' | 'expired';
}
