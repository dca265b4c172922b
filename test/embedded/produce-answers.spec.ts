import { embeddedBroker } from '../support/conformance/broker-under-test.js';
import { produceAnswers } from '../support/conformance/produce-answers.js';

describe('Producing to the embedded broker', () => produceAnswers(embeddedBroker));
