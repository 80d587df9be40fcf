import { AppError } from '../../base/errors.js';
import type { AgentSpec, WorktreeWorkspace } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import { folderOf, reposOf } from '../projects/repositories.js';
import { allowedRepo, type ThreadPart } from '../threads/part.js';
import type { Thread } from '../threads/thread.js';
import type { PreparedPart, PreparedWorkspace, WorkspaceService } from './workspaceService.js';

export interface PartWorkspacesOptions {
  readonly workspaces: Pick<WorkspaceService, 'prepare' | 'exclusive'>;
  /** The part's thread as it wants its worktree now. */
  readonly wanted: (part: ThreadPart) => Thread;
  /** Writes down the thread with its worktree. */
  readonly save: (thread: Thread) => void;
}

/**
 * A thread's worktrees in its other repositories, made as the one of the project is. What a person agreed to is looked at each time: the
 * file may have lost a repository since the thread began. Errors: those of {@link WorkspaceService.prepare}, `request.invalid`.
 */
export async function prepareParts(
  { workspaces, wanted, save }: PartWorkspacesOptions,
  parts: readonly ThreadPart[],
  {
    project,
    agent,
    author,
  }: { readonly project: Project; readonly agent: AgentSpec; readonly author: AgentSpec | undefined },
  signal: AbortSignal,
): Promise<readonly PreparedPart[]> {
  if (parts.length > 0) requireMachine(agent);
  const prepared: PreparedPart[] = [];
  for (const part of parts) {
    const folder = folderOf(project.folder, allowedRepo(reposOf(author), part));
    const worker = { ...agent, workspace: workspaceOf(author) };
    const prepare = async (): Promise<PreparedWorkspace> => {
      const workspace = await workspaces.prepare(wanted(part), { ...project, folder }, worker, signal);
      save(workspace.thread);
      return workspace;
    };
    const { cwd, thread } = await workspaces.exclusive(part.thread, prepare, signal);
    prepared.push({ name: part.name, cwd, thread });
  }
  return prepared;
}

/** What the file adds to the project's own worktree is not for others. */
function workspaceOf(author: AgentSpec | undefined): WorktreeWorkspace {
  const { fetch, branchPrefix } = author?.workspace.provider === 'worktree' ? author.workspace : {};
  return { provider: 'worktree', fetch, branchPrefix, files: [], setup: [], teardown: [], ports: [] };
}

function requireMachine({ name, driver }: AgentSpec): void {
  if (driver.name === 'process') return;
  const message = `Agent ${name} runs in ${driver.name}, where the other repositories of this thread are not there yet. Ask an agent that runs as a process of this machine.`;
  throw new AppError('request.invalid', message, { field: `agents.${name}.driver`, reason: 'several repositories' });
}

/** Tells an agent where its other repositories are, in front of its task. */
export function withRepositories(prompt: string, parts: readonly PreparedPart[]): string {
  if (parts.length === 0) return prompt;
  const places = parts.map(({ name, cwd }) => `- ${name}: ${cwd}`).join('\n');
  return `This task may need changes in other repositories as well. You work in the folder you were started in and in these, each a git worktree on a branch of its own; what you change in them is reviewed and merged together:\n${places}\n\n${prompt}`;
}
