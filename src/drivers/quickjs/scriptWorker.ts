import { createHash } from 'node:crypto';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import variant from '@jitl/quickjs-singlefile-mjs-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
} from 'quickjs-emscripten-core';
import type { ScriptFault } from '../../core/scripts/scriptEngine.js';
import { ComputedTime } from './computedTime.js';
import { prelude } from './prelude.js';
import { workflowPrelude } from './workflowPrelude.js';
import { heapBytes, longestResult, stackBytes, type WorkerMessage, type WorkerTask } from './workerProtocol.js';

/**
 * One evaluation of one script; the worker ends with it. The script sees the language and what the prelude makes of two
 * functions, both of which take and give text. There are no modules to import and nothing of Node to find.
 */

const fileName = 'script.js';

async function main(task: WorkerTask): Promise<void> {
  const quickjs = await newQuickJSWASMModuleFromVariant(variant);
  // Nothing of it is given back: the thread ends with it, and taking a world apart that ran out of memory fails.
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(heapBytes);
  runtime.setMaxStackSize(stackBytes);
  send(task, new Evaluation(task).run(runtime, runtime.newContext()));
}

class Evaluation {
  readonly #task: WorkerTask;
  readonly #signal: Int32Array;
  /** Begins anew with each call, because its time is not the script's. */
  readonly #computed = new ComputedTime();
  #isLate = false;

  constructor(task: WorkerTask) {
    this.#task = task;
    this.#signal = new Int32Array(task.answered);
  }

  run(runtime: QuickJSRuntime, context: QuickJSContext): WorkerMessage {
    this.#computed.begin();
    runtime.setInterruptHandler(() => {
      this.#isLate ||= this.#computed.ms > this.#task.computeMs;
      return this.#isLate;
    });
    try {
      if (this.#task.isWorkflow) return this.#workflow(runtime, context);
      const world = this.#install(context, prelude);
      must(context, context.evalCode(this.#task.source, fileName, { type: 'global' }));
      settle(runtime, context);
      const entry = must(context, context.evalCode(`typeof main === 'function' ? main : undefined`, 'main.js'));
      return this.#task.isReading ? readingOf(context, world, entry) : this.#call(runtime, context, { world, entry });
    } catch (error) {
      return { kind: 'fault', fault: this.#faultOf(error) };
    }
  }

  /** Evaluates the prelude and hands it its two functions. */
  #install(context: QuickJSContext, source: string): QuickJSHandle {
    const host = context.newFunction('host', (name, args) =>
      context.newString(this.#ask(context.getString(name), context.getString(args))),
    );
    const digest = context.newFunction('digest', text =>
      context.newString(createHash('sha256').update(context.getString(text)).digest('hex')),
    );
    const install = must(context, context.evalCode(source, 'prelude.js'));
    const isReading = this.#task.isReading ? context.true : context.false;
    return must(context, context.callFunction(install, context.undefined, host, digest, isReading));
  }

  /** Its text is the body of an `async` function, so that it may wait and give something back. */
  #workflow(runtime: QuickJSRuntime, context: QuickJSContext): WorkerMessage {
    const text = this.#task.source.replace(firstExport, '$1      ');
    const body = must(context, context.evalCode(`${workflowHead}${text}\n})`, fileName, { type: 'global' }));
    if (this.#task.isReading) return { kind: 'read', triggers: '[]', hasMain: true };
    const world = this.#install(context, workflowPrelude);
    const deliver = context.getProp(world, 'deliver');
    const promise = must(context, context.callFunction(context.getProp(world, 'start'), world, body));
    settle(runtime, context);
    while (context.getPromiseState(promise).type === 'pending') {
      const [number, answer] = this.#next();
      must(context, context.callFunction(deliver, world, context.newNumber(number), context.newString(answer)));
      settle(runtime, context);
    }
    return resultOf(context, promise);
  }

  /** The first call that ends of those that were begun. */
  #next(): readonly [number, string] {
    const answer: unknown = JSON.parse(this.#ask('next', '[]'));
    const value = typeof answer === 'object' && answer !== null && 'value' in answer ? answer.value : undefined;
    const [number, text]: readonly unknown[] = Array.isArray(value) ? value : [];
    if (typeof number !== 'number' || typeof text !== 'string') throw new Error(neverComes);
    return [number, text];
  }

  /** Stands still until the host has answered. */
  #ask(name: string, args: string): string {
    send(this.#task, { kind: 'call', name, args });
    Atomics.wait(this.#signal, 0, 0);
    Atomics.store(this.#signal, 0, 0);
    this.#computed.begin();
    const answer: unknown = receiveMessageOnPort(this.#task.port)?.message;
    return typeof answer === 'string' ? answer : '{"error":"The host did not answer"}';
  }

  #call(
    runtime: QuickJSRuntime,
    context: QuickJSContext,
    { world, entry }: { readonly world: QuickJSHandle; readonly entry: QuickJSHandle },
  ): WorkerMessage {
    const { trigger, argument } = this.#task;
    const text = (value: string | undefined): QuickJSHandle =>
      value === undefined ? context.undefined : context.newString(value);
    const start = context.getProp(world, 'start');
    const promise = must(context, context.callFunction(start, world, entry, text(trigger), text(argument)));
    settle(runtime, context);
    return resultOf(context, promise);
  }

  #faultOf(error: unknown): ScriptFault {
    if (this.#isLate) return { kind: 'deadline', message: 'The script computed for too long.' };
    const fault = error instanceof ScriptError ? error.fault : undefined;
    if (fault) return this.#task.isWorkflow ? withoutHead(fault) : fault;
    return { kind: 'crashed', message: error instanceof Error ? error.message : 'The script engine failed.' };
  }
}

/** Before the text of a workflow, on a line of its own. */
/** The word before `const meta`, which is no module's here; comments before it may have the same word. */
const firstExport = /^((?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*)export/;
const workflowHead = '(async () => {\n';
const neverComes = 'The script waits for something that never comes.';

/** Lines are those of the text. */
function withoutHead(fault: ScriptFault): ScriptFault {
  return fault.line === undefined ? fault : { ...fault, line: Math.max(1, fault.line - 1) };
}

/** What the promise of the callback came to. */
function resultOf(context: QuickJSContext, promise: QuickJSHandle): WorkerMessage {
  const state = context.getPromiseState(promise);
  if (state.type === 'pending') throw new Error(neverComes);
  if (state.type === 'rejected') throw new ScriptError(describe(context, state.error));
  if (context.typeof(state.value) !== 'string') return { kind: 'ended' };
  const result = context.getString(state.value);
  if (result.length > longestResult) throw new Error(`The result is longer than ${longestResult} characters.`);
  return { kind: 'ended', result };
}

function readingOf(context: QuickJSContext, world: QuickJSHandle, entry: QuickJSHandle): WorkerMessage {
  const collect = context.getProp(world, 'collect');
  const triggers = context.getString(must(context, context.callFunction(collect, world)));
  return { kind: 'read', triggers, hasMain: context.typeof(entry) === 'function' };
}

/** What the script threw, or why it is no script. */
class ScriptError extends Error {
  readonly fault: ScriptFault;

  constructor(fault: ScriptFault) {
    super(fault.message);
    this.fault = fault;
  }
}

type Result = ReturnType<QuickJSContext['evalCode']>;

function must(context: QuickJSContext, result: Result): QuickJSHandle {
  if (result.error) throw new ScriptError(describe(context, result.error));
  return result.value;
}

/** Runs what promises of the script wait for. */
function settle(runtime: QuickJSRuntime, context: QuickJSContext): void {
  const result = runtime.executePendingJobs();
  if (result.error) throw new ScriptError(describe(context, result.error));
}

/** Reads plain properties alone: whatever a script throws, nothing of it runs here. */
function describe(context: QuickJSContext, thrown: QuickJSHandle): ScriptFault {
  const property = (name: string): string => {
    const value = context.getProp(thrown, name);
    return context.typeof(value) === 'string' ? context.getString(value).slice(0, 10_000) : '';
  };
  const isObject = context.typeof(thrown) === 'object' && !context.eq(thrown, context.null);
  if (!isObject) return { kind: 'error', message: shownValue(context, thrown) };
  const [name, message, stack] = [property('name') || 'Error', property('message'), property('stack')];
  if (message === 'out of memory')
    return { kind: 'memory', message: 'The script took more memory than it may (64 MiB).' };
  const [, line, column] = new RegExp(`${fileName}:(\\d+)(?::(\\d+))?`).exec(stack) ?? [];
  const fault: ScriptFault = { kind: 'error', message: message === '' ? name : `${name}: ${message}` };
  if (line === undefined) return fault;
  return { ...fault, line: Number(line), ...(column === undefined ? {} : { column: Number(column) }) };
}

function shownValue(context: QuickJSContext, value: QuickJSHandle): string {
  const type = context.typeof(value);
  if (type === 'string') return context.getString(value).slice(0, 10_000);
  if (type === 'number') return String(context.getNumber(value));
  // A heap that is full cannot even say so.
  return context.eq(value, context.null) ? 'null was thrown' : `${type} was thrown`;
}

function send({ port }: WorkerTask, message: WorkerMessage): void {
  port.postMessage(message);
}

/** What the engine starts this worker with; nobody else does. */
function isTask(data: unknown): data is WorkerTask {
  return typeof data === 'object' && data !== null && 'source' in data && 'port' in data && 'answered' in data;
}

const task: unknown = workerData;
if (!isTask(task)) throw new Error('A script worker is started by its engine');
await main(task);
