import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../base/errors.js';
import { usageError } from '../options/usageError.js';

/** Names that are looked for, best first. */
const composeFileNames = ['agent-compose.yml', 'agent-compose.yaml'] as const;

/**
 * Absolute path of the compose file: the one given, else the nearest in `directory` or a folder above. Looked for without
 * promises: loading them takes longer than the looks.
 */
export async function findComposeFile(directory: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(directory, given);
  for (let folder = directory; ; folder = dirname(folder)) {
    const found = composeFileNames.map(name => join(folder, name)).filter(file => existsSync(file));
    if (found.length > 1) throw usageError(`Both ${found.join(' and ')} exist; name one with --file.`);
    if (found[0] !== undefined) return found[0];
    if (dirname(folder) === folder) break;
  }
  throw new AppError(
    'compose.unreadable',
    `There is no ${composeFileNames[0]} in ${directory} or a folder above it. Write one, or name a file with --file.`,
    { file: join(directory, composeFileNames[0]), reason: 'not found' },
  );
}
