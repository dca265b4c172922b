import { embeddedBroker } from '../support/conformance/broker-under-test.js';
import { fetchAnswers } from '../support/conformance/fetch-answers.js';

describe('Reading from the embedded broker', () => fetchAnswers(embeddedBroker));
