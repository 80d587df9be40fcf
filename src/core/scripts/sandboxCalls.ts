import { isId } from '../../base/ids.js';
import type { Project } from '../projects/project.js';
import { isRunEnded } from '../runs/run.js';
import type { Store } from '../store.js';
import type { ThreadStores, ThreadView } from '../threads/threadStore.js';
import type { CallContext, Came } from './agentAnswer.js';
import type { AgentTasks } from './agentTasks.js';
import { textField } from './callArguments.js';

const mostListed = 100;

interface SandboxRequest {
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly number: number;
}

/** What agent-compose's scripts call a sandbox, or session: a thread of the project with its worktree. */
export class SandboxCalls {
  readonly #store: Store<ThreadStores>;
  readonly #tasks: AgentTasks;

  constructor(options: { readonly store: Store<ThreadStores>; readonly tasks: AgentTasks }) {
    this.#store = options.store;
    this.#tasks = options.tasks;
  }

  async call(context: CallContext, { name, request, number }: SandboxRequest): Promise<Came> {
    const { project } = context;
    switch (name) {
      case 'sandbox.list': {
        const page = this.#store.read(stores => stores.threads.page({ projectId: project.id, limit: mostListed }));
        const all = page.threads.map(shown);
        return { value: { sandboxes: all, sessions: all } };
      }
      case 'sandbox.create':
        return await this.#create(context, request, number);
      case 'sandbox.resume': {
        const found = this.#find(project, request);
        const { id, outcome } = found.thread;
        if (outcome !== 'open' && outcome !== 'completed')
          throw new Error(`The sandbox ${JSON.stringify(id)} cannot be resumed: its thread is ${outcome}.`);
        return came(found);
      }
      case 'sandbox.stop': {
        await this.#tasks.stop(this.#find(project, request).thread.id);
        return came(this.#find(project, request));
      }
      default:
        return came(this.#find(project, request));
    }
  }

  /** A thread whose worktree is made by a command that does nothing, so that what follows finds it ready. */
  async #create(
    { project, run: script, signal }: CallContext,
    request: SandboxRequest['request'],
    number: number,
  ): Promise<Came> {
    const title = textField(request, 'title') ?? textField(request, 'name') ?? 'Sandbox of a script';
    const { sandboxId: _, sessionId: __, sandboxPolicy: ___, sessionPolicy: ____, name: _____, ...rest } = request;
    const options = { ...rest, title };
    const { run } = await this.#tasks.run({ project, script, number, prompt: ':', options, isCommand: true }, signal);
    if (run.status !== 'succeeded') throw new Error(`No sandbox was made: ${run.error?.message ?? run.status}`);
    return { ...came(this.#find(project, { sandboxId: run.threadId })), runId: run.id };
  }

  #find(project: Project, request: SandboxRequest['request']): ThreadView {
    const id = textField(request, 'sandboxId') ?? textField(request, 'sessionId') ?? textField(request, 'id') ?? '';
    const found = isId<'thread'>(id) ? this.#store.read(stores => stores.threads.view(id)) : undefined;
    if (found?.thread.projectId === project.id) return found;
    throw new Error(`There is no sandbox ${JSON.stringify(id)} in ${project.name}.`);
  }
}

function came(found: ThreadView): Came {
  const sandbox = shown(found);
  return { value: { sandbox, session: sandbox, ...sandbox }, threadId: found.thread.id };
}

function shown({ thread, latestRun }: ThreadView) {
  return {
    sandboxId: thread.id,
    sessionId: thread.id,
    agent: thread.agent,
    title: thread.summary,
    status: latestRun && !isRunEnded(latestRun.status) ? 'RUNNING' : 'STOPPED',
  };
}
