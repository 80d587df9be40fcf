import { KeyedLimit } from '../../base/async.js';
import { AppError } from '../../base/errors.js';
import { isRunActive, type Run } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import { answerOf, promptFor, type CallContext, type Came } from './agentAnswer.js';
import type { AgentTasks } from './agentTasks.js';
import { fieldsOf, textField } from './callArguments.js';
import type { ScriptRun, ScriptStores } from './scriptRun.js';
import { WorkflowBudget } from './workflowBudget.js';

/** Agents of one workflow at the same time; how many of them run decides the queue. */
const sideBySide = 16;
/** More are a loop that was not meant. */
const mostAgents = 1_000;

export interface WorkflowCallsOptions {
  readonly store: Store<ScriptStores & RunStores>;
  readonly tasks: AgentTasks;
}

interface WorkflowCallRequest {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly number: number;
}

/**
 * What a workflow calls. An agent's answer is found again by the key of its call: after a crash the run of the workflow goes on
 * from its beginning and takes what is there; so does another run that resumes it.
 */
export class WorkflowCalls {
  readonly #options: WorkflowCallsOptions;
  readonly #limit = new KeyedLimit(sideBySide);
  readonly #agents = new WeakMap<CallContext, number>();
  readonly #budgets = new WeakMap<CallContext, WorkflowBudget>();

  constructor(options: WorkflowCallsOptions) {
    this.#options = options;
  }

  /** True for what only looks, and is no part of the record. */
  isLook(name: string): boolean {
    return name === 'begun' || name === 'budget.spent';
  }

  look({ project, run, workflow }: CallContext, name: string): unknown {
    if (name === 'budget.spent') return this.#spent(run);
    const args: unknown = run.payload === undefined ? null : JSON.parse(run.payload);
    return { cwd: project.folder, args, budget: workflow?.budget ?? null };
  }

  async call(context: CallContext, { name, args, number }: WorkflowCallRequest): Promise<Came> {
    switch (name) {
      case 'log':
      case 'phase':
        return {};
      case 'agent':
        return await this.#limit.run(context.run.id, () => this.#agent(context, args, number));
      case 'workflow': {
        const [wanted, argument, named] = args;
        const { key } = keyIn(named);
        return { value: await context.nested(String(wanted), JSON.stringify(argument ?? null), key) };
      }
      default: {
        const reason = 'a workflow has none';
        throw new AppError('feature.unsupported', `There is no ${name} in a workflow.`, { feature: name, reason });
      }
    }
  }

  async #agent(context: CallContext, [prompt, given]: readonly unknown[], number: number): Promise<Came> {
    const { store, tasks } = this.#options;
    const { project, run: script, signal } = context;
    if (typeof prompt !== 'string') throw new Error('agent requires a prompt');
    const options = optionsOf(fieldsOf(given));
    const schema = options['outputSchema'];
    const { key, inputHash } = keyIn(given);
    const origin = originOf(script);
    const earlier = store.read(stores => stores.scripts.workflowCall(origin, key));
    const answered =
      earlier?.inputHash === inputHash ? await this.#again(earlier.runId, { options, signal }) : undefined;
    const reused = answered && usable(answered, schema);
    if (reused) return reused;
    this.#countAgent(context);
    const attempt = (earlier?.attempt ?? 0) + 1;
    const task = {
      project,
      script,
      number,
      prompt: promptFor(prompt, schema),
      options,
      isCommand: false,
      key: `workflow:${origin}:${key}:${inputHash}:${attempt}`,
      onQueued: (runId: Run['id']) =>
        store.transact(stores => stores.scripts.recordWorkflowCall({ origin, key, inputHash, attempt, runId })),
    };
    const work = async () => await tasks.run(task, signal);
    const { run } = await (this.#budgetOf(context)?.run(work, signal) ?? work());
    return answerOf(run, schema);
  }

  /** A run of an earlier attempt, when it has succeeded or may still do so. */
  async #again(
    id: Run['id'],
    { options, signal }: { readonly options: Readonly<Record<string, unknown>>; readonly signal: AbortSignal },
  ): Promise<Run | undefined> {
    const run = this.#options.store.read(stores => stores.runs.get(id));
    if (!run || (run.status !== 'succeeded' && !isRunActive(run.status))) return undefined;
    return await this.#options.tasks.again(run, options, signal);
  }

  #countAgent(context: CallContext): void {
    const count = (this.#agents.get(context) ?? 0) + 1;
    this.#agents.set(context, count);
    if (count > mostAgents) throw new Error(`A workflow may start ${mostAgents} agents at most.`);
  }

  #budgetOf(context: CallContext): WorkflowBudget | undefined {
    const total = context.workflow?.budget;
    if (total === undefined) return undefined;
    const kept = this.#budgets.get(context) ?? new WorkflowBudget(total, () => this.#spent(context.run));
    this.#budgets.set(context, kept);
    return kept;
  }

  #spent(run: ScriptRun): number {
    return this.#options.store.read(stores => stores.scripts.tokensSpent(originOf(run)));
  }
}

function originOf({ id, origin }: ScriptRun): string {
  return origin ?? id;
}

/** By what the call is found again; the workflow's own words, so that they are looked at. */
function keyIn(given: unknown): { readonly key: string; readonly inputHash: string } {
  const fields = fieldsOf(given);
  const key = textField(fields, 'key');
  const inputHash = textField(fields, 'inputHash');
  if (key === undefined || key.length > 200 || inputHash === undefined || !/^[0-9a-f]{64}$/.test(inputHash))
    throw new Error('A key is a text of 1 to 200 characters.');
  return { key, inputHash };
}

/** The words of workflows for what scripts have, too. Each agent works in a worktree of its own. */
function optionsOf(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { agentType, label, phase, key: _, inputHash: __, isolation, ...rest } = given;
  for (const name of ['provider', 'model', 'effort'])
    if (Object.hasOwn(rest, name)) throw new Error(`${name} is chosen by the agent's definition in the compose file.`);
  if (isolation !== undefined && isolation !== 'worktree') throw new Error('isolation may only be "worktree".');
  const title = [phase, label].filter(each => typeof each === 'string' && each !== '').join(': ');
  return { agent: agentType, ...rest, ...(title === '' ? {} : { title }) };
}

/** An answer that does not fit is asked for once more. */
function usable(run: Run, schema: unknown): Came | undefined {
  try {
    return { ...answerOf(run, schema), isReused: true };
  } catch {
    return undefined;
  }
}
