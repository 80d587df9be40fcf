import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import dockerignore, { type Ignore } from '@balena/dockerignore';
import { packFolder } from './packFolder.js';
import { packing, type Packed } from './packing.js';

/** What the engine must have whatever `.dockerignore` says. */
const ignoreFile = '.dockerignore';

/** The files of a build as the engine takes them: a tar of the folder without what its `.dockerignore` names. */
export async function buildContext(folder: string, dockerfile: string): Promise<Packed> {
  // Most folders have none.
  const rules = await readFile(join(folder, ignoreFile), 'utf8').catch(() => '');
  const ignore = dockerignore.default({ ignorecase: false }).add(rules);
  const needed = new Set([ignoreFile, posix.normalize(dockerfile)]);
  const isWanted = (path: string): boolean => needed.has(path) || !ignore.ignores(path);
  return packing(archive => packFolder({ archive, folder, isWanted, isEntered: enters(ignore, rules) }));
}

/** A folder that is ignored is looked into all the same where a rule takes something back. */
function enters(ignore: Ignore, rules: string): (path: string) => boolean {
  const takesBack = rules.split('\n').some(line => line.trim().startsWith('!'));
  return path => takesBack || !ignore.ignores(path);
}
