import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';
import { readDotenv } from '../../compose/dotenv.js';
import { envFilesOf, layeredEnv } from '../../compose/environment.js';

/** Variables for `${NAME}` as the host will see them: env files beside the compose file, this process above them. */
export async function composeEnvironment(uri: vscode.Uri, text: string): Promise<(name: string) => string | undefined> {
  if (uri.scheme !== 'file') return name => ownValue(process.env, name);
  // Reading the file a second time for a field that it does not have would double the cost of a keystroke.
  const { named, useDefault } = text.includes('env_file') ? envFilesOf(text) : { named: [], useDefault: true };
  const paths = useDefault ? ['.env'] : named;
  const folder = dirname(uri.fsPath);
  const files = await Promise.all(paths.map(path => readEnvFile(join(folder, path))));
  return layeredEnv(
    files.filter(file => file !== undefined),
    name => ownValue(process.env, name),
  );
}

/** Undefined when there is none to read; `parseCompose` says what is missing because of it. */
async function readEnvFile(path: string): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const reading = text === undefined ? undefined : readDotenv(text, name => ownValue(process.env, name));
  return reading?.ok ? reading.values : undefined;
}
