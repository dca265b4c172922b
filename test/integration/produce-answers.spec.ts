import { brokerOfTheRun } from '../support/conformance/broker-under-test.js';
import { produceAnswers } from '../support/conformance/produce-answers.js';

describe('Producing to a real broker', () => produceAnswers(brokerOfTheRun));
