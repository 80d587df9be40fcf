import { errorMessage, isAppError } from '../../base/errors.js';
import type { WorktreeRef } from '../workspaces/worktreeDriver.js';
import type { WorktreeTrouble } from './thread.js';

/** Why the work of a worktree could not be committed, as the thread keeps it until it could. */
export function troubleOf(error: unknown): WorktreeTrouble {
  const message = errorMessage(error);
  if (isAppError(error, 'worktree.replaced')) return { kind: 'replaced', message, files: [] };
  if (isAppError(error, 'worktree.missing')) return { kind: 'missing', message, files: [] };
  if (isAppError(error, 'worktree.unfinished')) return { kind: 'unfinished', message, files: error.data.files };
  return { kind: 'failed', message, files: [] };
}

/** Work in submodules is committed by whoever made it: a merge brings the commit that is linked, and nothing else of them. */
export function submoduleTrouble(
  { path }: Pick<WorktreeRef, 'path'>,
  submodules: readonly string[],
): WorktreeTrouble | undefined {
  if (submodules.length === 0) return undefined;
  const which = submodules.length === 1 ? 'The submodule' : 'The submodules';
  const has = submodules.length === 1 ? 'has' : 'have';
  const message = `${which} ${submodules.join(', ')} of ${path} ${has} work that is not committed there, so that no merge brings it. Commit or discard it there, or ask the agent to.`;
  return { kind: 'unfinished', message, files: submodules };
}

/**
 * Files by which a repository tells agents' CLIs what they may do. An agent that may edit files may edit these too, and its next
 * run would have what nobody agreed to.
 */
const settings =
  /(?:^|\/)(?:\.claude\/settings(?:\.local)?\.json|\.mcp\.json|\.?opencode\.jsonc?|\.opencode\/.+|\.gemini\/settings\.json|\.codex\/.+)$/;

/** What an agent changed of them, for a person to look at before anything else runs there. */
export function settingsTrouble(changed: readonly string[]): WorktreeTrouble | undefined {
  const files = changed.filter(path => settings.test(path));
  if (files.length === 0) return undefined;
  const message = `The agent changed ${files.join(', ')}, which decides what agents may do in this worktree from their next run on. Look at it before you follow up or merge.`;
  return { kind: 'unfinished', message, files };
}
