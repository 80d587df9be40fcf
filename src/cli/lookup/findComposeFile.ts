import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../base/errors.js';
import { usageError } from '../options/usageError.js';

/** Names that are looked for, best first. */
const composeFileNames = ['agent-compose.yml', 'agent-compose.yaml'] as const;

/** Absolute path of the compose file: the one given, else the nearest in `directory` or a folder above. */
export async function findComposeFile(directory: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(directory, given);
  for (let folder = directory; ; folder = dirname(folder)) {
    const found = await filterExisting(composeFileNames.map(name => join(folder, name)));
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

async function filterExisting(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(path =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}
