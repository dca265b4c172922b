/** Before packing: nothing of a source that is gone may travel along. */
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
