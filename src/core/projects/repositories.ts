import { AppError, isAnyAppError } from '../../base/errors.js';
import type { AgentSpec, ProjectSpec, RepoSpec } from '../../compose/projectSpec.js';
import type { RepositoryInfo } from '../workspaces/worktreeDriver.js';

/** The repositories that an agent's threads work in besides the project's. */
export function reposOf(agent: AgentSpec | undefined): readonly RepoSpec[] {
  return agent?.workspace.provider === 'worktree' ? (agent.workspace.repos ?? []) : [];
}

/** Where a repository of the compose file is. */
export function folderOf(projectFolder: string, { path }: Pick<RepoSpec, 'path'>): string {
  return `${projectFolder}/${path}`;
}

/** What keeps an agent with several repositories from working, in a sentence; undefined when nothing does. */
export function whyNotTogether(spec: ProjectSpec, agent: AgentSpec): string | undefined {
  if (reposOf(agent).length === 0) return undefined;
  const place = `agents.${agent.name}.workspace.repos`;
  if (agent.driver.name !== 'process')
    return `${place}: threads of several repositories run as processes of this machine, not in ${agent.driver.name} yet. Write driver: {process: {}}, or take the repositories out.`;
  if (spec.merge.auto)
    return `${place}: what agents approve is not merged by itself yet where a thread has several repositories. Take merge.auto out, or the repositories.`;
  return undefined;
}

/** Finds the repository of a folder. */
export interface RepositoryFinder {
  repository(folder: string): Promise<RepositoryInfo>;
}

/**
 * Each of an agent's repositories is there, is another one than the others, and lies in none of them: a worktree of one would
 * hold files of the other. Errors: `request.invalid`, in words for whoever wrote the file.
 */
export async function requireApart(finder: RepositoryFinder, projectFolder: string, agent: AgentSpec): Promise<void> {
  const known = [{ name: 'the project', info: await finder.repository(projectFolder) }];
  for (const repo of reposOf(agent)) {
    const info = await finder.repository(folderOf(projectFolder, repo)).catch((error: unknown) => {
      if (!isAnyAppError(error)) throw error;
      throw refused(agent, repo, error.message);
    });
    for (const other of known) {
      if (other.info.commonDir === info.commonDir)
        throw refused(agent, repo, `It is the same repository as that of ${other.name}.`);
      if (liesIn(info.root, other.info.root) || liesIn(other.info.root, info.root))
        throw refused(
          agent,
          repo,
          `One of it and the repository of ${other.name} lies in the other: ${info.root}, ${other.info.root}.`,
        );
    }
    known.push({ name: repo.name, info });
  }
}

function liesIn(inner: string, outer: string): boolean {
  return inner.startsWith(`${outer}/`);
}

function refused(agent: AgentSpec, { name, path }: RepoSpec, why: string): AppError<'request.invalid'> {
  const field = `agents.${agent.name}.workspace.repos`;
  const message = `Agent ${agent.name} cannot work in the repository ${name} (${path}). ${why}`;
  return new AppError('request.invalid', message, { field, reason: why });
}
