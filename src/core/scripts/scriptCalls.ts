import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage } from '../../base/errors.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { TopicService } from '../topics/topicService.js';
import type { AgentTasks } from './agentTasks.js';
import { answerOf, namesOf, promptFor, recorded, type CallContext, type Came } from './agentAnswer.js';
import { commandScript, fieldsOf, textField, valueOf } from './callArguments.js';
import { SandboxCalls } from './sandboxCalls.js';
import type { ScriptStores } from './scriptRun.js';
import { WorkflowCalls } from './workflowCalls.js';
import type { ThreadStores } from '../threads/threadStore.js';

/** A script that calls more has lost its way, and its record would fill the disk. */
const mostCalls = 1_000;
/** Its agents are a thousand at most; phases and lines of its log come on top. */
const mostCallsOfWorkflow = 5_000;
const mostState = 1024 * 1024;

/** Port: one answer of a model, without an agent. */
export interface ScriptModels {
  generate(
    request: {
      readonly prompt: string;
      readonly model?: string | undefined;
      readonly schema?: Readonly<Record<string, unknown>> | undefined;
    },
    signal: AbortSignal,
  ): Promise<ModelAnswer>;
}

export interface ModelAnswer {
  readonly id: string;
  readonly text: string;
  readonly model: string;
  readonly reason: string;
  /** As JSON text, when a schema was given. */
  readonly json?: string;
}

export interface ScriptCallsOptions {
  readonly store: Store<ScriptStores & ThreadStores & RunStores>;
  readonly clock: Clock;
  readonly topics: Pick<TopicService, 'publish'>;
  readonly tasks: AgentTasks;
  readonly models: ScriptModels;
}

const stateCalls: ReadonlySet<string> = new Set(['state.get', 'state.set', 'state.delete']);
const sandboxCalls: ReadonlySet<string> = new Set(
  ['create', 'resume', 'list', 'get', 'stop'].map(call => `sandbox.${call}`),
);

/** What `scheduler.*` does. Every call is recorded with what it gave, got and how long it took. */
export class ScriptCalls {
  readonly #options: ScriptCallsOptions;
  readonly #workflows: WorkflowCalls;
  readonly #sandboxes: SandboxCalls;

  constructor(options: ScriptCallsOptions) {
    this.#options = options;
    this.#workflows = new WorkflowCalls(options);
    this.#sandboxes = new SandboxCalls(options);
  }

  /** The calls of one run. */
  of(context: CallContext): (name: string, args: readonly unknown[]) => Promise<unknown> {
    // A workflow that is resumed goes on with its record.
    const before = this.#options.store.read(stores => stores.scripts.calls(context.run.id));
    let number = before.at(-1)?.number ?? 0;
    const most = context.workflow ? mostCallsOfWorkflow : mostCalls;
    return async (name, args) => {
      if (context.workflow && this.#workflows.isLook(name)) return this.#workflows.look(context, name);
      number++;
      if (number > most) throw new Error(`A script may call ${most} times at most.`);
      return await this.#recorded(context, { name, args, number });
    };
  }

  async #recorded(
    context: CallContext,
    { name, args, number }: { readonly name: string; readonly args: readonly unknown[]; readonly number: number },
  ): Promise<unknown> {
    const { store, clock } = this.#options;
    const at = clock.now();
    const begun = clock.awake();
    const note = (came: Came, failure?: { readonly error: string }): void => {
      const durationMs = Math.round(clock.awake() - begun);
      const given = recorded(JSON.stringify(args));
      const got = failure ? undefined : recorded(JSON.stringify(came.value ?? null));
      const call = {
        runId: context.run.id,
        number,
        name: came.isReused ? `${name} (reused)` : name,
        at,
        durationMs,
        given,
        ...failure,
      };
      const made = defined({ got, threadId: came.threadId, agentRunId: came.runId });
      store.transact(stores => stores.scripts.record({ ...call, ...made }));
    };
    try {
      const came = await this.#call(context, name, args, number);
      note(came);
      return came.value;
    } catch (error) {
      note({}, { error: recorded(errorMessage(error)) });
      throw error;
    }
  }

  async #call(context: CallContext, name: string, args: readonly unknown[], number: number): Promise<Came> {
    if (context.workflow) return await this.#workflows.call(context, { name, args, number });
    if (stateCalls.has(name)) return { value: this.#state(context, name, args) };
    if (sandboxCalls.has(name))
      return await this.#sandboxes.call(context, { name, request: fieldsOf(args[0]), number });
    switch (name) {
      case 'log':
        return {};
      case 'event.publish':
        return { value: this.#publish(context, args) };
      case 'agent':
        return await this.#agent(context, args, number);
      case 'workflow':
        return { value: await context.nested(String(args[0]), JSON.stringify(args[1] ?? null), String(number)) };
      case 'llm':
        return { value: await this.#llm(context, args) };
      case 'exec':
      case 'shell':
        return await this.#command(context, { name, args, number });
      default:
        throw new AppError('feature.unsupported', `scheduler.${name} is not there in this version of Muster.`, {
          feature: `scheduler.${name}`,
          reason: 'not there yet',
        });
    }
  }

  async #llm({ signal }: CallContext, [prompt, options]: readonly unknown[]): Promise<object> {
    if (typeof prompt !== 'string' || prompt.trim() === '') throw new Error('scheduler.llm needs a prompt.');
    const fields = fieldsOf(options);
    const schema = schemaIn(fields, 'outputSchema') ?? schemaIn(fields, 'schema');
    const request = { prompt, ...defined({ model: textField(fields, 'model'), schema }) };
    const { id, text, model, reason, json } = await this.#options.models.generate(request, signal);
    const value: unknown = json === undefined ? null : JSON.parse(json);
    const finishReason = reason === 'end' || reason === 'tool' ? 'stop' : reason;
    return { text, model, responseId: id, finishReason, json: value };
  }

  #state({ run }: CallContext, name: string, [key, given]: readonly unknown[]): unknown {
    const { store } = this.#options;
    if (typeof key !== 'string' || key === '' || key.length > 500)
      throw new Error('A key is a text of 1 to 500 characters.');
    if (name === 'state.get') {
      const kept = store.read(stores => stores.scripts.value(run, key));
      if (kept === undefined) return undefined;
      const value: unknown = JSON.parse(kept);
      return value;
    }
    const text = name === 'state.set' ? JSON.stringify(given) : undefined;
    store.transact(stores => {
      if (text !== undefined && stores.scripts.stateSize(run) + text.length > mostState)
        throw new Error(`A script may remember ${mostState} characters at most.`);
      stores.scripts.setValue(run, key, text);
    });
    return undefined;
  }

  #publish({ run }: CallContext, [topic, payload]: readonly unknown[]): unknown {
    if (typeof topic !== 'string') throw new Error('scheduler.event.publish requires a topic');
    const { event } = this.#options.topics.publish({
      topic,
      source: 'script',
      payload: JSON.stringify(payload ?? {}),
      parentId: run.eventId,
    });
    return { eventId: event.id, sequence: event.sequence, topic, correlationId: event.correlationId };
  }

  async #agent(
    { project, run, signal }: CallContext,
    [prompt, given]: readonly unknown[],
    number: number,
  ): Promise<Came> {
    const { tasks } = this.#options;
    if (typeof prompt !== 'string') throw new Error('scheduler.agent requires a prompt');
    const options = fieldsOf(given);
    const schema = options['outputSchema'];
    const task = { project, script: run, number, prompt: promptFor(prompt, schema), options, isCommand: false };
    const done = await tasks.run(task, signal);
    return answerOf(done.run, schema);
  }

  async #command(
    { project, run, signal }: CallContext,
    { name, args, number }: { readonly name: string; readonly args: readonly unknown[]; readonly number: number },
  ): Promise<Came> {
    const options = fieldsOf(name === 'exec' ? args[0] : args[1]);
    const prompt = commandScript(name === 'exec' ? options : { ...options, script: args[0] });
    const done = await this.#options.tasks.run(
      { project, script: run, number, prompt, options, isCommand: true },
      signal,
    );
    const { stdout, stderr, stdoutTruncated, stderrTruncated } = done.output;
    const exitCode = done.run.exitCode ?? (done.run.status === 'succeeded' ? 0 : 1);
    const value = {
      stdout,
      stderr,
      output: stdout + stderr,
      exitCode,
      success: exitCode === 0 && done.run.status === 'succeeded',
      stdoutTruncated,
      stderrTruncated,
      outputTruncated: stdoutTruncated || stderrTruncated,
      artifacts: [],
      ...namesOf(done.run),
    };
    return { value, threadId: done.run.threadId, runId: done.run.id };
  }
}

/** A JSON Schema: an object, or its text. */
function schemaIn(
  fields: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> | undefined {
  const text = textField(fields, name);
  const value: unknown = text === undefined ? valueOf(fields, name) : JSON.parse(text);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} is no JSON Schema.`);
  return { ...value };
}
