import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ownValue } from '../../base/ownValue.js';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import type { Environment } from '../../client/stateDirectory.js';
import type { ComposeDiagnostic } from '../../compose/diagnostic.js';
import { layeredEnv } from '../../compose/environment.js';
import { parseCompose, type ComposeOptions } from '../../compose/parseCompose.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import { readComposeText, type ComposeText } from '../../compose/source/composeText.js';
import { decodeText, undecodable } from '../../compose/source/decodeText.js';
import { systemCode } from '../../node/systemError.js';
import type { Compat } from '../options/globalOptions.js';
import { readEnvFiles } from './envFiles.js';

/** The parser refuses more than this anyway; a device or a huge file is not read first. */
const maximumBytes = 16 * 1024 * 1024;

/** What a compose file says about itself before a host sees it. */
export interface LocalCheck {
  /** Each `file:line:column: message`. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Variables of this process, and of the working folder's `.env`, that the file refers to. */
  readonly environment: Readonly<Record<string, string>>;
  /** Present exactly when there are no errors. */
  readonly spec?: ProjectSpec | undefined;
  readonly source: ComposeText;
  /** How it was read. */
  readonly options: ComposeOptions;
}

export interface ComposeRequest {
  readonly file: string;
  readonly env: Environment;
  /** The working folder. */
  readonly directory: string;
  readonly projectName?: string | undefined;
  /** Set: exactly agent-compose's language. */
  readonly compat?: Compat | undefined;
}

/** Reads and checks a compose file here, so that all problems come with their places. Throws `compose.unreadable`. */
export async function checkComposeFile({
  file,
  env,
  directory,
  projectName,
  compat,
}: ComposeRequest): Promise<LocalCheck> {
  const source = await readComposeSource(file);
  const environment: Record<string, string> = {};
  const lookUp = (name: string): string | undefined => {
    const value = ownValue(env, name);
    if (value !== undefined) environment[name] = value;
    return value;
  };
  const envFiles = await readEnvFiles({ file, source, directory, lookUp });
  const inFiles = layeredEnv(envFiles.values, lookUp);
  const options: ComposeOptions = {
    directoryName: basename(dirname(file)),
    exact: compat !== undefined,
    projectName,
    env: name => {
      const value = inFiles(name);
      // The host reads the env files beside the compose file itself.
      if (envFiles.ofWorkingFolder && value !== undefined) environment[name] = value;
      return value;
    },
  };
  const { diagnostics, spec } = parseCompose(source, options);
  // A place that terminals can open, then the sentence that agent-compose has for it.
  const describe = ({ range, message }: ComposeDiagnostic): string =>
    `${file}:${range.start.line}:${range.start.column}: ${message}`;
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  // What an env file that cannot be read would have defined is not the compose file's fault.
  const own = envFiles.errors.length === 0 ? errors : errors.filter(({ code }) => code !== 'compose.missingVariable');
  return {
    errors: [...envFiles.errors, ...own.map(describe)],
    warnings: [...envFiles.warnings, ...diagnostics.filter(({ severity }) => severity === 'warning').map(describe)],
    environment,
    spec: envFiles.errors.length === 0 ? spec : undefined,
    source,
    options,
  };
}

/** The error for a file with problems. */
export function invalidCompose(file: string, problems: readonly string[]): AppError<'compose.invalid'> {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new AppError('compose.invalid', `The compose file ${file} has ${count}.`, { file, problems });
}

/** The text of a compose file, read once. Throws `compose.unreadable`, and `compose.invalid` for bytes that are no text. */
export async function readComposeSource(file: string): Promise<ComposeText> {
  return readComposeText(await readSource(file));
}

/** The text of a file that belongs to a project: UTF-8 of a bearable size. Throws `compose.unreadable` and `compose.invalid`. */
export async function readSource(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > maximumBytes) throw new Error(`it has ${found.size} bytes`);
    const reading = decodeText(await readFile(file), (bytes, encoding) => new TextDecoder(encoding).decode(bytes));
    if (reading.ok) return reading.text;
    throw invalidCompose(file, [`${file}:${reading.line}:${reading.column}: ${undecodable(reading)}`]);
  } catch (error) {
    if (isAppError(error, 'compose.invalid')) throw error;
    const missing = systemCode(error) === 'ENOENT';
    throw unreadable(file, missing ? 'it does not exist' : errorMessage(error), error);
  }
}

/** The error for a file without which a project cannot be read. */
export function unreadable(file: string, reason: string, cause?: unknown): AppError<'compose.unreadable'> {
  return new AppError('compose.unreadable', `The file ${file} cannot be read: ${reason}.`, { file, reason }, { cause });
}
