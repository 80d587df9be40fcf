import { realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import dockerignore, { type Ignore } from '@balena/dockerignore';
import { errorMessage } from '../../base/errors.js';
import { readForeignFile } from '../../node/foreignFile.js';
import { systemCode } from '../../node/systemError.js';
import { packFolder } from '../guests/packFolder.js';
import { packing, type Packed } from '../guests/packing.js';

/** What the engine must have whatever `.dockerignore` says. */
const ignoreFile = '.dockerignore';

/** Longer ones nobody wrote by hand. */
const longestFile = 1024 * 1024;

/** A Dockerfile or what stands beside it, maybe by a link. A repository may have links to pipes and devices, which never end. */
export async function readContextFile(path: string): Promise<string> {
  const file = await readForeignFile(await realpath(path), { maxBytes: longestFile });
  if (file.kind === 'file' && !file.truncated) return file.bytes.toString('utf8');
  throw new Error(file.kind === 'refused' ? file.reason : 'it is too long');
}

async function readIgnoreFile(path: string): Promise<string> {
  try {
    return await readContextFile(path);
  } catch (error) {
    // Most folders have none. Without one that cannot be read, what it keeps back would be sent.
    if (systemCode(error) === 'ENOENT') return '';
    throw new Error(`${ignoreFile} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}

/** The files of a build as the engine takes them: a tar of the folder without what its `.dockerignore` names. */
export async function buildContext(folder: string, dockerfile: string): Promise<Packed> {
  const rules = await readIgnoreFile(join(folder, ignoreFile));
  const ignore = dockerignore.default({ ignorecase: false }).add(rules);
  const needed = new Set([ignoreFile, posix.normalize(dockerfile)]);
  const isWanted = (path: string): boolean => needed.has(path) || !ignore.ignores(path);
  const whole = { folder: await realpath(folder), isWanted, isEntered: enters(ignore, rules) };
  return packing(archive => packFolder({ archive, ...whole }));
}

/** A folder that is ignored is looked into all the same where a rule takes something back. */
function enters(ignore: Ignore, rules: string): (path: string) => boolean {
  const takesBack = rules.split('\n').some(line => line.trim().startsWith('!'));
  return path => takesBack || !ignore.ignores(path);
}
