import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';
import { readDotenv, type DotenvProblem } from '../../compose/dotenv.js';
import { layeredEnv, type EnvFileList } from '../../compose/environment.js';

/** What `${NAME}` of a compose file stands for. */
export interface ComposeEnvironment {
  readonly lookUp: (name: string) => string | undefined;
  /** The variables of its env files, later files last. */
  readonly files: readonly ReadonlyMap<string, string>[];
  /** Every env file that was read, with its lines that are wrong. */
  readonly problems: readonly { readonly file: vscode.Uri; readonly lines: readonly DotenvProblem[] }[];
}

/** Variables for `${NAME}` as the host will see them: env files beside the compose file, this process above them. */
export async function composeEnvironment(
  uri: vscode.Uri,
  { named, useDefault }: EnvFileList,
): Promise<ComposeEnvironment> {
  const own = (name: string): string | undefined => ownValue(process.env, name);
  if (uri.scheme !== 'file') return { lookUp: own, files: [], problems: [] };
  const folder = dirname(uri.fsPath);
  const paths = (useDefault ? ['.env'] : named).map(path => resolve(folder, path));
  const found = await Promise.all(paths.map(readEnvFile));
  const read = found.filter(file => file !== undefined);
  const files = read.map(({ values }) => values);
  const problems = read.map(({ path, problems: lines }) => ({ file: vscode.Uri.file(path), lines }));
  return { lookUp: layeredEnv(files, own), files, problems };
}

/** Undefined when there is none to read; `parseCompose` says what is missing because of it. */
async function readEnvFile(path: string) {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : { path, ...readDotenv(text, name => ownValue(process.env, name)) };
}
