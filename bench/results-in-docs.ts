import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const BEGIN = '<!-- printed by npm run bench -->\n';
const END = '\n<!-- end of what npm run bench printed -->';

/** Replaces what an earlier run has put between the marks of docs/performance.md. */
export function putIntoDocs(results: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for the results: the lines ${BEGIN.trim()} and ${END.trim()} are missing.`);
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}${results}${page.slice(end)}`);
}
