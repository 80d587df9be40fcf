import { defined } from '../../base/defined.js';
import { errorMessage, isAppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { Project } from '../projects/project.js';
import type { FoundRescue } from '../workspaces/rescueDriver.js';
import type { RepositoryInfo } from '../workspaces/worktreeDriver.js';
import { worktreeName } from '../workspaces/worktreeName.js';
import { takeBack } from './recoveredThread.js';
import type { LeftoverRun, Recovery, RecoveryOptions } from './recovery.js';
import type { Thread } from './thread.js';

interface Subject {
  readonly found: FoundRescue;
  readonly repository: RepositoryInfo;
  /** Applied projects in this repository; at least one. */
  readonly projects: readonly Project[];
  readonly runs: ReadonlyMap<string, readonly LeftoverRun[]>;
}

/**
 * Brings back the threads whose worktrees were removed, from the refs under which their work is kept. They come back as they
 * were: put away, so that a person restores those that are wanted. What a ref's message says is a hint: it chooses neither
 * branch nor folder nor archive, because anybody with the repository can write one.
 */
export async function recoverRescues(options: RecoveryOptions): Promise<Recovery> {
  const recovered: ThreadId[] = [];
  const left: { readonly path: string; readonly reason: string }[] = [];
  const runs = await options.leftovers.runs();
  for (const { repository, projects, problem } of await repositoriesOf(options)) {
    if (problem !== undefined) left.push({ path: projects[0]?.folder ?? '', reason: problem });
    if (repository === undefined) continue;
    const { root, commonDir } = repository;
    const rescues = await options.rescueDriver.list({ repository: root, commonDir });
    // The newest of a thread is what it is restored from. Hints come last: they keep nothing that was recorded from its thread.
    const inOrder = rescues
      .toSorted((a, b) => b.rescue.createdAt - a.rescue.createdAt)
      .toSorted((a, b) => Number(a.thread === undefined) - Number(b.thread === undefined));
    for (const found of inOrder) {
      const thread = await bringBack(options, { found, repository, projects, runs });
      if (thread !== undefined) recovered.push(thread);
    }
  }
  return { recovered, left };
}

interface RecoveredRepository {
  readonly projects: readonly Project[];
  readonly repository?: RepositoryInfo;
  readonly problem?: string;
}

/** The repositories of applied projects, each once. */
async function repositoriesOf({ store, workspaces }: RecoveryOptions): Promise<readonly RecoveredRepository[]> {
  const found = new Map<string, RecoveredRepository>();
  for (const project of store.read(stores => stores.projects.list())) {
    try {
      const repository = await workspaces.repository(project.folder);
      const { projects } = found.get(repository.commonDir) ?? { projects: [] };
      found.set(repository.commonDir, { repository, projects: [...projects, project] });
    } catch (error) {
      // Agents that share the person's checkout need no repository.
      if (isAppError(error, 'git.notRepository') || isAppError(error, 'git.emptyRepository')) continue;
      found.set(project.file, { projects: [project], problem: errorMessage(error) });
    }
  }
  return [...found.values()];
}

/** The thread that is back; `undefined` when it, or at least its rescue, is known already. */
async function bringBack(options: RecoveryOptions, subject: Subject): Promise<ThreadId | undefined> {
  const { store, clock, ids } = options;
  const { rescue: found, id: recordedId, threadId, thread: recorded } = subject.found;
  const known = store.read(stores => ({
    rescue: stores.rescues.byRef(found.repository, found.ref) ?? (recordedId && stores.rescues.get(recordedId)),
    thread: threadId !== undefined && stores.threads.get(threadId) !== undefined,
  }));
  if (known.rescue) return undefined;
  // Whoever made the ref chose its time too.
  const createdAt = Math.max(0, Math.min(Math.round(found.createdAt), clock.now()));
  const rescue = { ...found, createdAt, id: recordedId ?? ids.next<'rescue'>() };
  if (known.thread && threadId !== undefined && recorded) {
    store.transact(stores => stores.rescues.insert({ ...rescue, threadId }));
    return undefined;
  }
  const id = threadId === undefined || known.thread ? ids.next<'thread'>() : threadId;
  const own = subject.runs.get(id) ?? [];
  const project = projectOf(subject, recorded?.agent ?? own[0]?.agent);
  if (project === undefined) return undefined;
  const thread = await threadOf(options, { ...subject, id, project, runs: own, rescue });
  await takeBack(options, { thread, project, runs: own, rescue: { ...rescue, threadId: id } });
  return id;
}

/** The project that has the agent, or just any that lives in the repository. */
function projectOf({ projects }: Subject, agent: string | undefined): Project | undefined {
  return projects.find(({ spec }) => spec.agents.some(({ name }) => name === agent)) ?? projects[0];
}

async function threadOf(
  { driver, clock, workspaces }: RecoveryOptions,
  found: Pick<Subject, 'found' | 'repository'> & {
    readonly id: ThreadId;
    readonly project: Project;
    readonly runs: readonly LeftoverRun[];
    readonly rescue: FoundRescue['rescue'];
  },
): Promise<Thread> {
  const { id, project, runs, repository, rescue } = found;
  const { thread: recorded } = found.found;
  const { root, commonDir, branch: checkedOut } = repository;
  const wanted = recorded?.agent ?? runs[0]?.agent;
  const agent = project.spec.agents.find(({ name }) => name === wanted) ?? project.spec.agents[0];
  const prefix = workspaces.branchPrefix(agent);
  const summary = recorded?.summary ?? wordsOf(rescue.ref);
  const baseRef = recorded?.baseRef ?? checkedOut;
  const { head } = rescue;
  const baseCommit =
    recorded?.baseCommit ?? (await driver.comparison({ repository: root, commonDir }, { head, target: baseRef }));
  return {
    id,
    projectId: project.id,
    agent: agent?.name ?? '',
    outcome: recorded?.outcome ?? 'abandoned',
    summary,
    repository: root,
    branch: recorded ? rescue.branch : worktreeName({ summary, id, ...defined({ prefix }) }).branch,
    baseCommit,
    head,
    rescue: rescue.ref,
    commonDir,
    createdAt: recorded?.createdAt ?? rescue.createdAt,
    updatedAt: clock.now(),
    ...defined({ baseRef }),
  };
}

/** What the thread was about, as far as its ref's name tells: `refs/muster/rescue/<words>-<id>`. */
function wordsOf(ref: string): string {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  return name.slice(0, name.lastIndexOf('-')).replaceAll('-', ' ') || 'task';
}
