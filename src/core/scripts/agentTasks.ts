import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError, isAnyAppError } from '../../base/errors.js';
import { deferred } from '../../base/async.js';
import type { RunId, ThreadId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { scheduler } from '../messages/message.js';
import type { Project } from '../projects/project.js';
import { isRunEnded, type Run } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import type { Dispatched, DispatchService } from '../threads/dispatchService.js';
import type { ThreadService } from '../threads/threadService.js';
import { numberField, textField } from './callArguments.js';
import type { ScriptRun, ScriptStores } from './scriptRun.js';

/** What a command printed. */
export interface RunText {
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
}

export interface AgentTask {
  readonly project: Project;
  readonly script: ScriptRun;
  /** Which call of the script it is: that names its run. */
  readonly number: number;
  readonly prompt: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly isCommand: boolean;
  /** Names the run when the number of the call does not: a workflow that is resumed finds it again. */
  readonly key?: string;
  /** Hears of the run as soon as it is queued. */
  readonly onQueued?: (run: RunId) => void;
}

/** Why a script is aborted when its host ends: what it started goes on. */
export const hostEnds = new AppError('cancelled', 'The host ended.', {});

export interface AgentTasksOptions {
  readonly store: Store<ScriptStores & RunStores & EventStores>;
  readonly clock: Clock;
  readonly dispatcher: Pick<DispatchService, 'dispatch'>;
  readonly threads: Pick<ThreadService, 'cancel'>;
  /** What a run printed, at most so much of each, secrets hidden. */
  readonly textOf: (run: RunId, limit: number) => Promise<RunText>;
  /** Milliseconds of a duration such as `90s`. */
  readonly durationMs: (text: string) => number | undefined;
}

/** What scripts of agent-compose get. */
const defaultOutput = 1024 * 1024;
/** It is one string in a heap of 256 MB. */
const mostOutput = 8 * 1024 * 1024;

/** Options that agree with what the agent's definition says anyway; another place is chosen there. */
const elsewhere = [
  'driver',
  'guestImage',
  'workspaceId',
  'sandboxEnv',
  'sessionEnv',
  'volumes',
  'pullPolicy',
  'jupyter',
];

/** Work that a script gives to agents and waits for: ordinary dispatches. */
export class AgentTasks {
  readonly #options: AgentTasksOptions;

  constructor(options: AgentTasksOptions) {
    this.#options = options;
  }

  /** Resolves when the run has ended and its work is committed. Aborting ends the run. */
  async run(task: AgentTask, signal: AbortSignal): Promise<{ readonly run: Run; readonly output: RunText }> {
    refuseElsewhere(task.options);
    const { run } = await this.#dispatch(task);
    task.onQueued?.(run.id);
    const ended = await this.#ended(run, { limitMs: this.#limitOf(task.options), signal });
    const limit = Math.min(mostOutput, numberField(task.options, 'maxOutputBytes') ?? defaultOutput);
    const output = task.isCommand ? await this.#options.textOf(run.id, limit) : noText;
    return { run: ended, output };
  }

  /** Waits for a run that was begun earlier. Aborting ends it. */
  async again(run: Run, options: AgentTask['options'], signal: AbortSignal): Promise<Run> {
    return await this.#ended(run, { limitMs: this.#limitOf(options), signal });
  }

  async stop(thread: ThreadId): Promise<void> {
    await this.#options.threads.cancel(thread);
  }

  async #dispatch({ project, script, number, prompt, options, isCommand, key }: AgentTask): Promise<Dispatched> {
    const { dispatcher, store } = this.#options;
    const dispatch = {
      project,
      agent: textField(options, 'agent') ?? script.agent,
      prompt,
      context: [],
      environment: {},
      from: scheduler,
      idempotencyKey: key ?? `script:${script.id}:${number}`,
      command: isCommand,
      ...defined({ summary: textField(options, 'title') }),
    };
    const policy = textField(options, 'sandboxPolicy') ?? textField(options, 'sessionPolicy');
    const named = textField(options, 'sandboxId') ?? textField(options, 'sessionId');
    const sticky =
      policy === 'sticky' || policy === 'reuse' ? store.read(stores => stores.scripts.lastThread(script)) : undefined;
    const thread = named ?? sticky;
    if (thread === undefined) return await dispatcher.dispatch(dispatch);
    try {
      return await dispatcher.dispatch({ ...dispatch, thread });
    } catch (error) {
      const isGone = isAnyAppError(error) && (error.code === 'thread.closed' || error.code === 'thread.unknown');
      if (!isGone || named !== undefined) throw error;
      return await dispatcher.dispatch(dispatch);
    }
  }

  #limitOf(options: Readonly<Record<string, unknown>>): number | undefined {
    const ms = numberField(options, 'timeoutMs');
    const text = textField(options, 'timeout');
    if (text === undefined) return ms;
    const read = this.#options.durationMs(text);
    if (read === undefined) throw new Error(`${JSON.stringify(text)} is no duration such as 90s or 1h30m.`);
    return read;
  }

  async #ended(
    { id, threadId }: Run,
    { limitMs, signal }: { readonly limitMs: number | undefined; readonly signal: AbortSignal },
  ): Promise<Run> {
    const { store, clock, threads } = this.#options;
    const over = deferred<'ended' | 'late' | 'cancelled'>();
    const present = (): Run | undefined => store.read(stores => stores.runs.get(id));
    const look = (): void => {
      const run = present();
      if (!run || (isRunEnded(run.status) && run.settled)) over.resolve('ended');
    };
    const subscription = store.onDidCommit(events => {
      if (events.some(({ event }) => event.kind === 'run_changed' && event.runId === id)) look();
    });
    const leaving = new AbortController();
    const onAbort = (): void => over.resolve('cancelled');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    if (limitMs !== undefined)
      clock.sleep(limitMs, leaving.signal).then(
        () => over.resolve('late'),
        () => undefined,
      );
    try {
      look();
      const how = await over.promise;
      if (how !== 'ended') {
        if (signal.reason !== hostEnds) await threads.cancel(threadId);
        throw new Error(
          how === 'late' ? `It took longer than ${limitMs} ms and was ended.` : 'The script was cancelled.',
        );
      }
    } finally {
      leaving.abort();
      signal.removeEventListener('abort', onAbort);
      void subscription.dispose();
    }
    const run = present();
    if (!run) throw new Error(`Run ${id} is gone.`);
    return run;
  }
}

const noText: RunText = { stdout: '', stderr: '', stdoutTruncated: false, stderrTruncated: false };

function refuseElsewhere(options: Readonly<Record<string, unknown>>): void {
  const found = elsewhere.find(name => Object.hasOwn(options, name));
  if (found !== undefined)
    throw new Error(`${found} is chosen by the agent's definition in the compose file, not by its script.`);
}
