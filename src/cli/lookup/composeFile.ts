import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Environment } from '../../client/stateDirectory.js';
import type { ComposeDiagnostic } from '../../compose/diagnostic.js';
import { readDotenv } from '../../compose/dotenv.js';
import { envFilesOf, layeredEnv } from '../../compose/environment.js';
import { parseCompose } from '../../compose/parseCompose.js';
import { readComposeText, type ComposeText } from '../../compose/source/composeText.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';

/** The parser refuses more than this anyway; a device or a huge file is not read first. */
const maximumBytes = 16 * 1024 * 1024;

/** What a compose file says about itself before a host sees it. */
export interface LocalCheck {
  /** Each `file:line:column: message`. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Variables of this process that the file refers to. */
  readonly environment: Readonly<Record<string, string>>;
  /** Present exactly when there are no errors. */
  readonly spec?: ProjectSpec | undefined;
}

/** Reads and checks a compose file here, so that all problems come with their places. Throws `compose.unreadable`. */
export async function checkComposeFile(file: string, env: Environment, projectName?: string): Promise<LocalCheck> {
  const source = readComposeText(await readText(file));
  const environment: Record<string, string> = {};
  const lookUp = layeredEnv(await readEnvFiles(file, source), name => {
    const value = env[name];
    if (value !== undefined) environment[name] = value;
    return value;
  });
  const { diagnostics, spec } = parseCompose(source, {
    directoryName: basename(dirname(file)),
    env: lookUp,
    projectName,
  });
  // A place that terminals can open, then the sentence that agent-compose has for it.
  const describe = ({ range, message }: ComposeDiagnostic): string =>
    `${file}:${range.start.line}:${range.start.column}: ${message}`;
  return {
    errors: diagnostics.filter(({ severity }) => severity === 'error').map(describe),
    warnings: diagnostics.filter(({ severity }) => severity === 'warning').map(describe),
    environment,
    spec,
  };
}

/** The error for a file with problems. */
export function invalidCompose(file: string, problems: readonly string[]): AppError<'compose.invalid'> {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new AppError('compose.invalid', `The compose file ${file} has ${count}.`, { file, problems });
}

/** The host reads them again and reports what is wrong with them; here they only serve to resolve references. */
async function readEnvFiles(file: string, source: ComposeText): Promise<readonly ReadonlyMap<string, string>[]> {
  const { named, useDefault } = envFilesOf(source);
  const paths = useDefault ? ['.env'] : named;
  const readings = await Promise.all(
    paths.map(async path => {
      const contents = await readFile(resolve(dirname(file), path), 'utf8').catch(() => '');
      return readDotenv(contents);
    }),
  );
  return readings.flatMap(reading => (reading.ok ? [reading.values] : []));
}

async function readText(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > maximumBytes) throw new Error(`it has ${found.size} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = errorMessage(error);
    throw new AppError(
      'compose.unreadable',
      `The compose file ${file} cannot be read: ${reason}.`,
      { file, reason },
      { cause: error },
    );
  }
}
