import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(__dirname, '..', '..');

/** A Markdown file of the project. */
export class Document {
  readonly text: string;
  /** `path` from the project's folder. */
  constructor(readonly path: string) {
    this.text = readFileSync(join(PROJECT, path), 'utf8');
  }

  /** Without fenced blocks, and without code between backticks, which may look like Markdown. */
  get prose(): string {
    return this.text.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]+`/g, '');
  }

  /** Fenced blocks of a language. */
  blocks(language: string): { readonly line: number; readonly code: string }[] {
    const fences = this.text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'));
    return [...fences].map(({ index, 1: code = '' }) => ({ line: this.text.slice(0, index).split('\n').length + 1, code }));
  }

  /** Anchors of the headings, as GitHub makes them. */
  get anchors(): Set<string> {
    const anchors = new Set<string>();
    for (const [, heading = ''] of this.text.replace(/^```[^]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
      const slug = heading.replace(/\]\([^)]*\)/g, '').toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '').trim().replace(/ /g, '-');
      for (let n = 0, anchor = slug; ; anchor = `${slug}-${++n}`) {
        if (anchors.has(anchor)) continue;
        anchors.add(anchor);
        break;
      }
    }
    return anchors;
  }

  /** Text below a heading of the second level that begins so, up to the next one. */
  section(heading: string): string {
    const found = this.text.split(/^(?=## )/m).find((each) => each.startsWith(`## ${heading}`));
    if (found === undefined) throw new Error(`${this.path} has no section that begins with "${heading}".`);
    return found;
  }
}

/** Everything for users and maintainers. */
export function documents(): Document[] {
  const pages = readdirSync(join(PROJECT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages].map((path) => new Document(path));
}

export function existsInProject(path: string): boolean {
  const [wildcard] = /\*.*/.exec(path) ?? [];
  if (wildcard === undefined) return existsSync(join(PROJECT, path));
  const folder = path.slice(0, path.slice(0, -wildcard.length).lastIndexOf('/') + 1);
  const pattern = new RegExp(`^${path.slice(folder.length).replace(/[.]/g, '\\.').replace(/\*+/g, '.*')}`);
  return existsSync(join(PROJECT, folder)) && readdirSync(join(PROJECT, folder)).some((name) => pattern.test(name));
}
