import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { HookFolders } from '../../../core/workspaces/sharedState.js';
import { glanceAt, glanceInto } from '../../../node/looks.js';
import { systemCode } from '../../../node/systemError.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';

const longestSettings = 512 * 1024;

/**
 * Where `core.hooksPath` leads, set for the repository or in the person's own settings. Git is asked once, where any of the files that it
 * reads may say so, and again when one has changed; not when only a file has that one of these includes.
 */
export async function hookFolders(context: GitContext, git: RepositoryGit, config: string): Promise<HookFolders> {
  const files = [...context.git.settingsFiles(), join(git.commonDir, 'config.worktree')];
  const marks = [config, ...files.map(markOf)].join('\n');
  const known = context.hookFolders.get(git.commonDir);
  if (known?.marks === marks) return await known.folders;
  const mayBeSet = [config, ...files.map(textOf)].some(text => /hookspath|\[\s*include/i.test(text));
  const folders = mayBeSet ? askedOfGit(git) : Promise.resolve({});
  context.hookFolders.set(git.commonDir, { marks, folders });
  return await folders.catch((error: unknown) => {
    context.hookFolders.delete(git.commonDir);
    throw error;
  });
}

/** A file that is too long to be read may say anything. */
function textOf(file: string): string {
  const found = glanceInto(file, { maxBytes: longestSettings });
  return found?.kind !== 'file' ? '' : found.truncated ? 'hooksPath' : found.bytes.toString('utf8');
}

function markOf(file: string): string {
  const stats = glanceAt(file);
  return stats ? `${stats.ino}:${stats.size}:${stats.mtimeMs}` : '';
}

async function askedOfGit(git: RepositoryGit): Promise<HookFolders> {
  const args = ['config', '--show-scope', '--type=path', '--get-all', '-z', 'core.hooksPath'];
  // 1: nowhere; our own setting is among the answers.
  const output = await git.run({ args, reads: true, joined: true, accept: [0, 1] });
  const fields = output.fields();
  const set = fields.filter((_, index) => index % 2 === 1 && fields[index - 1] !== 'command').at(-1);
  if (set === undefined || set === '') return {};
  try {
    // Through no link to anywhere else.
    const [root = '', folder = ''] = await Promise.all([git.root, resolve(git.root, set)].map(path => realpath(path)));
    const inside = relative(root, folder);
    if (inside === '') return {};
    const isElsewhere = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
    return isElsewhere ? { hooksElsewhere: folder } : { hooksFolder: folder };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return {};
  }
}
