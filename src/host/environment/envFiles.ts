import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { readDotenv } from '../../compose/dotenv.js';
import { envFilesOf } from '../../compose/environment.js';
import { decodeComposeFile } from './decodeComposeFile.js';

/** Env files are lists of variables: a megabyte is a mistake. */
const maxBytes = 1_000_000;

/**
 * The variables of a compose file's env files, later files last. Errors: `compose.invalid` for one that is named and missing,
 * unreadable or not in the format. `lookUp` is asked for names that they refer to and do not define.
 */
export async function readEnvFiles(
  composeFile: string,
  composeText: string,
  lookUp?: (name: string) => string | undefined,
): Promise<readonly ReadonlyMap<string, string>[]> {
  const folder = dirname(composeFile);
  const { named, useDefault } = envFilesOf(composeText);
  if (useDefault) {
    const text = await readFile(join(folder, '.env'), 'utf8').catch(() => undefined);
    return text === undefined ? [] : [parse(join(folder, '.env'), text, lookUp)];
  }
  return await Promise.all(
    named.map(async name => parse(name, await readNamed(composeFile, resolve(folder, name)), lookUp)),
  );
}

/** The same for an applied project. A compose file that is gone has none: what was applied goes on without it. */
export async function readProjectEnvFiles(
  composeFile: string,
  lookUp: (name: string) => string | undefined,
): Promise<readonly ReadonlyMap<string, string>[]> {
  const text = await decodeComposeFile(composeFile).catch(() => undefined);
  return text === undefined ? [] : await readEnvFiles(composeFile, text, lookUp);
}

async function readNamed(composeFile: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid(composeFile, `env_file ${path}: ${errorMessage(error)}`);
  }
}

function parse(path: string, text: string, lookUp?: (name: string) => string | undefined): ReadonlyMap<string, string> {
  if (text.length > maxBytes) throw invalid(path, `${path} has more than ${maxBytes} characters`);
  const reading = readDotenv(text, lookUp);
  if (!reading.ok) throw invalid(path, `${path}, line ${reading.line}: ${reading.text}`);
  return reading.values;
}

function invalid(file: string, problem: string): AppError<'compose.invalid'> {
  return new AppError('compose.invalid', problem, { file, problems: [problem] });
}
