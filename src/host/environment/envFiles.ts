import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { readDotenv } from '../../compose/dotenv.js';
import { envFilesOf } from '../../compose/environment.js';
import { decodeComposeFile } from './decodeComposeFile.js';

/** Env files are lists of variables: a megabyte is a mistake. */
const maxBytes = 1_000_000;

export interface EnvFiles {
  /** Variables of each file, later files last; a line that is wrong takes nothing from the others. */
  readonly values: readonly ReadonlyMap<string, string>[];
  /** What could not be read, with file and line. */
  readonly problems: readonly string[];
}

type LookUp = (name: string) => string | undefined;

/**
 * The variables of a compose file's env files. `lookUp` is asked for names that they refer to and do not define. Errors:
 * `compose.invalid` for a file that is named and missing or unreadable, and for lines that are not in the format.
 */
export async function readEnvFiles(
  composeFile: string,
  composeText: string,
  lookUp?: LookUp,
): Promise<readonly ReadonlyMap<string, string>[]> {
  const { values, problems } = await read(composeFile, composeText, lookUp);
  if (problems.length > 0) throw new AppError('compose.invalid', problems.join('\n'), { file: composeFile, problems });
  return values;
}

/**
 * The same for a run of an applied project, which needs some variables and not each line: what is wrong is named by whoever
 * misses one. A compose file that is gone has no env files: what was applied goes on without it.
 */
export async function readProjectEnvFiles(composeFile: string, lookUp: LookUp): Promise<EnvFiles> {
  const text = await decodeComposeFile(composeFile).catch(() => undefined);
  return text === undefined ? { values: [], problems: [] } : await read(composeFile, text, lookUp);
}

async function read(composeFile: string, composeText: string, lookUp: LookUp | undefined): Promise<EnvFiles> {
  const folder = dirname(composeFile);
  const { named, useDefault } = envFilesOf(composeText);
  const paths = useDefault ? [join(folder, '.env')] : named.map(name => resolve(folder, name));
  const files = await Promise.all(paths.map(path => readOne(path, { lookUp, isNeeded: !useDefault })));
  return { values: files.flatMap(({ values }) => values), problems: files.flatMap(({ problems }) => problems) };
}

async function readOne(
  path: string,
  { lookUp, isNeeded }: { readonly lookUp: LookUp | undefined; readonly isNeeded: boolean },
): Promise<EnvFiles> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { values: [], problems: isNeeded ? [`env_file ${path}: ${errorMessage(error)}`] : [] };
  }
  if (text.length > maxBytes) return { values: [], problems: [`${path} has more than ${maxBytes} characters`] };
  const { values, problems } = readDotenv(text, lookUp);
  return { values: [values], problems: problems.map(problem => `${path}, line ${problem.line}: ${problem.text}`) };
}
