/**
 * The public API as text, a report for each entry point in `api/`, so that a change of it is seen in review. Reads the declarations
 * that `npm run build` has made; writes the reports, or with `--check` ends with 1 where one differs.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, type ExtractorMessage, type IConfigFile } from '@microsoft/api-extractor';
import { projectFolder } from './kafka/project-folder.js';

const ENTRY_POINTS = { main: 'index.d.ts', terminus: 'terminus/index.d.ts', testing: 'testing/index.d.ts' };

const project = projectFolder();
const declarations = join(project, 'dist', 'esm');
const reports = join(project, 'api');
const drafts = join(project, '.cache', 'api');
const check = process.argv.includes('--check');

function configuration(name: string, entryPoint: string): ExtractorConfig {
  const configObject: IConfigFile = {
    projectFolder: project,
    mainEntryPointFilePath: join(declarations, entryPoint),
    newlineKind: 'lf',
    compiler: { overrideTsconfig: { extends: join(project, 'tsconfig.json'), compilerOptions: { types: ['node'], paths: {} }, include: [], files: [join(declarations, entryPoint)] } },
    apiReport: { enabled: true, reportFileName: name, reportFolder: reports, reportTempFolder: drafts, includeForgottenExports: true },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
  };
  return ExtractorConfig.prepare({ configObject, configObjectFullPath: undefined, packageJsonFullPath: join(project, 'package.json') });
}

/** The report is what we want; of what API Extractor would like beside it (release tags, its own dialect of comments), nothing. */
function quietly(message: ExtractorMessage): void {
  message.handled = true;
}

mkdirSync(reports, { recursive: true });
const changed = Object.entries(ENTRY_POINTS).filter(
  ([name, entryPoint]) => Extractor.invoke(configuration(name, entryPoint), { localBuild: !check, messageCallback: quietly }).apiReportChanged,
);
for (const [name] of changed) console.log(check ? `The public API differs from api/${name}.api.md; if that is meant, \`npm run api\` writes it anew.` : `api/${name}.api.md is new.`);
process.exitCode = check && changed.length > 0 ? 1 : 0;
