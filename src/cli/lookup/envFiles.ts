import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { readDotenv, type DotenvProblem } from '../../compose/dotenv.js';
import { envFilesOf } from '../../compose/environment.js';
import type { ComposeText } from '../../compose/source/composeText.js';
import { systemCode } from '../../node/systemError.js';

export interface EnvFiles {
  /** Variables of each file; a later one wins. */
  readonly values: readonly ReadonlyMap<string, string>[];
  /** Each with file and line; the host would refuse the project because of them. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** The values are those of the working folder, of which the host does not know. */
  readonly ofWorkingFolder: boolean;
}

export interface EnvFileRequest {
  readonly file: string;
  readonly source: ComposeText;
  /** Where `.env` is looked for when there is none beside the compose file. */
  readonly directory: string;
  readonly lookUp: (name: string) => string | undefined;
}

/** Reads the env files that a compose file names, or `.env`. */
export async function readEnvFiles({ file, source, directory, lookUp }: EnvFileRequest): Promise<EnvFiles> {
  const { named, useDefault } = envFilesOf(source);
  const folder = dirname(file);
  if (!useDefault) {
    const readings = await Promise.all(named.map(async name => await readOne(resolve(folder, name), lookUp)));
    return { ...combined(readings), ofWorkingFolder: false };
  }
  for (const place of new Set([folder, directory])) {
    const reading = await readOne(resolve(place, '.env'), lookUp);
    if (reading.kind !== 'missing') return { ...combined([reading]), ofWorkingFolder: place !== folder };
  }
  return { values: [], errors: [], warnings: [], ofWorkingFolder: false };
}

type Reading =
  | ({ readonly kind: 'read'; readonly values: ReadonlyMap<string, string> } & Record<
      'errors' | 'warnings',
      readonly string[]
    >)
  | { readonly kind: 'missing' | 'wrong'; readonly errors: readonly string[] };

async function readOne(path: string, lookUp: (name: string) => string | undefined): Promise<Reading> {
  let contents: string;
  try {
    contents = await readFile(path, 'utf8');
  } catch (error) {
    const isMissing = systemCode(error) === 'ENOENT';
    return {
      kind: isMissing ? 'missing' : 'wrong',
      errors: [`${path}: the env file cannot be read: ${errorMessage(error)}`],
    };
  }
  const reading = readDotenv(contents, lookUp);
  const named = ({ line, text }: DotenvProblem): string => `${path}:${line}: ${text}`;
  return {
    kind: 'read',
    values: reading.values,
    errors: reading.problems.map(named),
    warnings: reading.warnings.map(named),
  };
}

function combined(readings: readonly Reading[]): Omit<EnvFiles, 'ofWorkingFolder'> {
  return {
    values: readings.flatMap(reading => (reading.kind === 'read' ? [reading.values] : [])),
    errors: readings.flatMap(reading => reading.errors),
    warnings: readings.flatMap(reading => (reading.kind === 'read' ? reading.warnings : [])),
  };
}
