import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { errorMessage } from '../../base/errors.js';
import type {
  RegisteredTrigger,
  ScriptEnd,
  ScriptEngine,
  ScriptFault,
  ScriptReading,
  ScriptRequest,
  ScriptText,
} from '../../core/scripts/scriptEngine.js';
import { CallDesk } from './callDesk.js';
import { readTriggers } from './registrations.js';
import type { WorkerMessage, WorkerTask } from './workerProtocol.js';

export interface QuickjsOptions {
  /** The bundle of `scriptWorker.ts`. */
  readonly worker: string;
  /** How long a script may compute without asking for anything; default 10 s. */
  readonly computeMs?: number;
  /** The same while it is only read; default 2 s. */
  readonly readMs?: number;
}

/** Scripts give out work and wait; one that computes this long is in a loop. */
const defaultComputeMs = 10_000;
/** Reading happens while somebody applies the file. */
const defaultReadMs = 2_000;
/**
 * A worker that does not notice its own deadline is killed after so many times as long by the clock. Workers count what they compute,
 * and on a machine where much else goes on that takes far longer.
 */
const wallFactor = 20;
/** For the start of a worker. */
const graceMs = 10_000;

type Calls = ScriptRequest['call'];
type Ended = Exclude<WorkerMessage, { readonly kind: 'call' }>;

/** QuickJS, one worker thread for each evaluation. */
export class QuickjsEngine implements ScriptEngine {
  readonly #options: QuickjsOptions;

  constructor(options: QuickjsOptions) {
    this.#options = options;
  }

  async read({ source, isWorkflow }: ScriptText, signal: AbortSignal): Promise<ScriptReading> {
    const { readMs = defaultReadMs } = this.#options;
    const task = { source, isWorkflow, isReading: true, computeMs: readMs };
    const end = await this.#evaluate(task, { limitMs: wallMs(readMs), call: refuse, signal });
    if (end.kind === 'fault') return { ok: false, fault: end.fault };
    const triggers = end.kind === 'read' ? readTriggers(end.triggers) : [];
    return {
      ok: true,
      triggers: triggers satisfies readonly RegisteredTrigger[],
      hasMain: end.kind === 'read' && end.hasMain,
    };
  }

  async run(request: ScriptRequest, signal: AbortSignal): Promise<ScriptEnd> {
    const { source, isWorkflow, trigger, argument, limitMs, call } = request;
    const { computeMs = defaultComputeMs } = this.#options;
    const task = { source, isWorkflow, trigger, argument, isReading: false, computeMs };
    const end = await this.#evaluate(task, { limitMs, call, signal });
    if (end.kind === 'fault') return { ok: false, fault: end.fault };
    return { ok: true, ...(end.kind === 'ended' && end.result !== undefined ? { result: end.result } : {}) };
  }

  /**
   * Never rejects: whatever becomes of the worker is the end of the script.
   *
   *   computing ──a call──► its thread sleeps, the host works ──the answer──► computing ──► ended | fault
   *
   * Killed by: `limitMs` over all of it, many times `computeMs` since it began or was answered last (the time of calls does not count),
   * the signal, and its own crash.
   */
  async #evaluate(
    task: Omit<WorkerTask, 'port' | 'answered'>,
    { limitMs, call, signal }: { readonly limitMs: number; readonly call: Calls; readonly signal: AbortSignal },
  ): Promise<Ended> {
    if (signal.aborted) return faulty('cancelled', 'The script was cancelled.');
    const answered = new SharedArrayBuffer(4);
    const { port1: ours, port2: port } = new MessageChannel();
    const worker = new Worker(this.#options.worker, {
      workerData: { ...task, port, answered } satisfies WorkerTask,
      transferList: [port],
      // Nothing of the host's: neither what it was started with nor what it may be told.
      env: {},
      argv: [],
      execArgv: [],
      stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 8 },
    });
    const desk = new CallDesk(call);
    const over = Promise.withResolvers<Ended>();
    const late = (): void => over.resolve(faulty('deadline', 'The script did not end in time.'));
    const limit = setTimeout(late, limitMs);
    let watch = setTimeout(late, wallMs(task.computeMs));
    const onAbort = (): void => over.resolve(faulty('cancelled', 'The script was cancelled.'));
    signal.addEventListener('abort', onAbort, { once: true });
    worker.once('error', error => over.resolve(faulty('crashed', errorMessage(error))));
    const onMessage = (message: WorkerMessage): void => {
      if (message.kind !== 'call') return over.resolve(message);
      clearTimeout(watch);
      void desk.answer(message.name, message.args).then(answer => {
        watch = setTimeout(late, wallMs(task.computeMs));
        ours.postMessage(answer);
        const flag = new Int32Array(answered);
        Atomics.store(flag, 0, 1);
        Atomics.notify(flag, 0);
      });
    };
    ours.on('message', onMessage);
    worker.once('exit', () => {
      // Its last words may still lie in the port.
      const last: { message: WorkerMessage } | undefined = receiveMessageOnPort(ours);
      if (last) onMessage(last.message);
      over.resolve(faulty('crashed', 'The script engine ended.'));
    });
    try {
      return await over.promise;
    } finally {
      clearTimeout(limit);
      clearTimeout(watch);
      signal.removeEventListener('abort', onAbort);
      ours.close();
      await worker.terminate();
    }
  }
}

function wallMs(computeMs: number): number {
  return computeMs * wallFactor + graceMs;
}

function refuse(name: string): Promise<never> {
  return Promise.reject(new Error(`scheduler.${name} is unavailable during validation`));
}

function faulty(kind: ScriptFault['kind'], message: string): Ended {
  return { kind: 'fault', fault: { kind, message } };
}
