import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** These files run as ES modules and as CommonJS (jest), which share no way to ask for the own path: look up from where we were started. */
export function projectFolder(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'scripts', 'kafka', 'pom.xml'))) return folder;
    if (folder === dirname(folder)) {
      throw new Error(`${process.cwd()} is not inside the project: start it from the project's folder, so that scripts/kafka is found.`);
    }
  }
}
