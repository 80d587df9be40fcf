import type { RunId, ThreadId } from '../../base/ids.js';
import type { WorkflowMeta } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { Run } from '../runs/run.js';
import type { ScriptRun } from './scriptRun.js';

/** What a person reads of one call; the whole is in the runs and threads that it names. */
const longestRecord = 8_000;

/** The run of a script that calls. */
export interface CallContext {
  readonly project: Project;
  readonly run: ScriptRun;
  readonly signal: AbortSignal;
  /** Runs a workflow of the project and waits for what it gives back. */
  readonly nested: (name: string, argument: string, key: string) => Promise<unknown>;
  readonly workflow?: WorkflowMeta | undefined;
}

/** What a call came to, and the work that it made. */
export interface Came {
  readonly value?: unknown;
  /** An earlier run had answered already. */
  readonly isReused?: boolean;
  readonly threadId?: ThreadId;
  readonly runId?: RunId;
}

/** What a script gets of an agent that has ended. Throws when its run failed, or its answer is no JSON though a schema was given. */
export function answerOf(run: Run, schema: unknown): Came {
  const text = run.answer ?? '';
  if (run.status !== 'succeeded') throw new Error(`${run.agent} ${run.status}: ${run.error?.message ?? text}`.trim());
  const value = {
    text,
    output: text,
    finalText: text,
    agent: run.agent,
    success: true,
    exitCode: run.exitCode ?? 0,
    stopReason: 'end_turn',
    ...namesOf(run),
    ...(schema === undefined ? {} : { json: jsonOf(text) }),
  };
  return { value, threadId: run.threadId, runId: run.id };
}

/** The prompt, with what its answer must be like. */
export function promptFor(prompt: string, schema: unknown): string {
  return schema === undefined ? prompt : `${prompt}\n\n${schemaRequest(schema)}`;
}

/** Both eras' names for the thread. */
export function namesOf({ threadId: thread, id }: { readonly threadId: ThreadId; readonly id: RunId }) {
  return {
    sandboxId: thread,
    sessionId: thread,
    agentThreadId: thread,
    agentSessionId: thread,
    threadId: thread,
    runId: id,
    cellId: id,
  };
}

function schemaRequest(schema: unknown): string {
  return `Answer with JSON alone, without any other words, that fits this JSON schema:\n${JSON.stringify(schema)}`;
}

/** The JSON of an answer, also inside a fence of three backticks. */
function jsonOf(text: string): unknown {
  const [, fenced] = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/.exec(text) ?? [];
  try {
    return JSON.parse(fenced ?? text);
  } catch {
    throw new Error(`The answer is no JSON: ${text.slice(0, 200)}`);
  }
}

/** As much of a text as the record keeps. */
export function recorded(text: string): string {
  return text.length > longestRecord ? `${text.slice(0, longestRecord)} …` : text;
}
