#!/usr/bin/env node
import { run } from './run.js';

const output = {
  out: (text: string) => void process.stdout.write(`${text.trimEnd()}\n`),
  error: (text: string) => void process.stderr.write(`${text.trimEnd()}\n`),
};
void run(process.argv.slice(2), process.env, output).then((code) => (process.exitCode = code));
