import { copyFile, lstat, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { applyEdits, modify, parseTree, findNodeAtLocation, getNodeValue, type ParseError } from 'jsonc-parser';
import { AppError, errorMessage } from '../../base/errors.js';
import { systemCode } from '../../node/systemError.js';

/** What became of a configuration file. */
export type Edited = 'added' | 'changed' | 'removed' | 'unchanged';

/** Long before a configuration file gets this large it is something else. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Writes one entry into a JSON file with comments, or takes it out (`entry: undefined`). Everything else in the file, comments and
 * order included, stays as it is; the file as it was is kept beside it as `.before-muster`. A missing file is made. Errors:
 * `request.invalid` for a file that is not JSON.
 */
export async function editConfiguration(
  path: string,
  { place, entry, dryRun }: { readonly place: readonly string[]; readonly entry: unknown; readonly dryRun: boolean },
): Promise<Edited> {
  const before = await readText(path);
  const errors: ParseError[] = [];
  const tree = parseTree(before, errors, { allowTrailingComma: true });
  if (errors.length > 0 || (tree && tree.type !== 'object')) {
    throw invalid(path, 'it is not a JSON object. Mend it, or remove it, and try again');
  }
  const found = tree && findNodeAtLocation(tree, [...place]);
  if (!found && entry === undefined) return 'unchanged';
  if (found && entry !== undefined && isSame(getNodeValue(found), entry)) return 'unchanged';
  const formattingOptions = { insertSpaces: true, tabSize: 2 };
  const after = applyEdits(before, modify(before, [...place], entry, { formattingOptions }));
  if (!dryRun) await replace(path, after.endsWith('\n') ? after : `${after}\n`);
  if (entry === undefined) return 'removed';
  return found ? 'changed' : 'added';
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw invalid(path, `it has ${size} bytes`);
    const text = await readFile(path, 'utf8');
    return text.trim() === '' ? '{}\n' : text;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '{}\n';
    throw error;
  }
}

/** By rename beside the file, so that a program which reads meanwhile sees one of the two texts whole. */
async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const there = await lstat(path).catch(() => undefined);
  if (there) await copyFile(path, `${path}.before-muster`);
  if (there?.isSymbolicLink()) {
    // People keep such files in a repository of their own: the link stays, its file changes.
    await writeFile(path, text);
    return;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: there ? there.mode & 0o777 : 0o600 });
  await rename(temporary, path);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function invalid(path: string, why: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `${path} was not changed: ${why}.`, {
    field: path,
    reason: errorMessage(why),
  });
}
