import type { Api } from '../apis/api.js';

/** The APIs of consumer groups. */
export const groupApis: readonly Api[] = [];
