import { brokerOfTheRun } from '../support/conformance/broker-under-test.js';
import { transactionStates } from '../support/conformance/transaction-states.js';

describe('Transactions of a broker', () => transactionStates(brokerOfTheRun));
