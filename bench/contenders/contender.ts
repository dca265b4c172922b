import type { RunSettings } from '../run-settings.js';
import type { Work } from './work.js';

/** Consumes the topic from its beginning and does `work` with each value. Resolves whenever it likes: the work ends the process. */
export type Contender = (settings: RunSettings, work: Work) => Promise<void>;
