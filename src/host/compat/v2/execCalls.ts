import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../../base/defined.js';
import { shellScript } from '../../../base/shellScript.js';
import {
  StreamExecEventType,
  type ExecRequest,
  type ExecService,
} from '../../../protocol/gen/agentcompose/v2/exec_pb.js';
import {
  AttachRunMode,
  ExecResultSchema,
  ProjectRefSchema,
  type ExecResult,
} from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { invalid, notFound } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { attachedOutput, inputOf, takenByCommand, type Attachment } from './attached.js';
import { AttachInbox } from './attachInbox.js';
import { conversation, ended, frame, refuseTerminal } from './conversation.js';
import { findRun, type Dispatched } from './dispatched.js';
import { Output, outputOf } from './execOutput.js';
import { findProject } from './findProject.js';
import { allThreads, findThread } from './findThread.js';
import { runSummary } from './shapes.js';

type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * `agentcompose.v2.ExecService`. A command is a run of its sandbox, which is a thread: it has the place, the limits and the record of
 * an agent's runs, and waits for one that is at work there.
 */
export function execCalls(ours: OurCalls, sleep: Sleep): ServiceImpl<typeof ExecService> {
  const running = (request: ExecRequest, signal: AbortSignal, attachment?: Attachment) =>
    execute(ours, { request, attachment, sleep, signal });
  return {
    async exec(request, { signal }) {
      const work = await running(request, signal);
      for await (const _ of work.output);
      return { result: await work.result() };
    },

    async *streamExec(request, { signal }) {
      const work = await running(request, signal);
      const { runId, threadId: sandboxId } = work.run;
      const of = { execId: runId, sandboxId, runId };
      yield { eventType: StreamExecEventType.STARTED, ...of };
      for await (const { stream, chunk } of work.output)
        yield { eventType: StreamExecEventType.OUTPUT, ...of, chunk: Buffer.from(chunk).toString(), stream };
      yield { eventType: StreamExecEventType.COMPLETED, ...of, result: await work.result() };
    },

    async *attachExec(frames, { signal }) {
      const inbox = new AttachInbox(
        frames,
        {
          startOf: first => (first.frame.case === 'start' ? first.frame.value : undefined),
          takenBy: start => (start.mode === AttachRunMode.PROMPT ? 'messages' : takenByCommand(start)),
        },
        signal,
      );
      const { request, mode, prompt, ...attachment } = await inbox.start();
      if (!request) throw invalid('The first frame names no command.');
      if (mode === AttachRunMode.PROMPT) {
        refuseTerminal(attachment);
        const thread = await threadOf(ours, request);
        const { runId, threadId } = await ours.threads.dispatch({ threadId: thread.id, agent: thread.agent, prompt });
        yield* conversation(ours, { runId, threadId }, inbox);
        return;
      }
      const work = await running(request, inbox.cancelled, attachment);
      const { runId, threadId: sandboxId } = work.run;
      const run = runSummary(await findRun(ours, runId));
      yield frame({ case: 'started', value: { operationId: runId, execId: runId, runId, sandboxId, run } });
      yield* attachedOutput(ours, { ...work, attachment, inbox });
      const execResult = await work.result();
      const after = runSummary(await findRun(ours, runId));
      const { output } = execResult;
      yield frame({ case: 'result', value: { ...ended(after), execResult, output } });
    },
  };
}

interface Execution {
  readonly request: ExecRequest;
  /** Of somebody who gives it its input and waits for no whole lines. */
  readonly attachment?: Attachment | undefined;
  readonly sleep: Sleep;
  /** Its end ends the command. */
  readonly signal: AbortSignal;
}

async function execute(ours: OurCalls, { request, attachment, sleep, signal }: Execution) {
  const thread = await threadOf(ours, request);
  const { runId, threadId } = await ours.threads.dispatch({
    threadId: thread.id,
    agent: thread.agent,
    prompt: scriptOf(request),
    command: true,
    ...defined({ input: attachment && inputOf(attachment) }),
    environment: secretsOf(request),
  });
  const run: Dispatched = { runId, threadId };
  const kept = new Output(request.maxOutputBytes);
  const over = new AbortController();
  const stop = async (): Promise<void> => void (await ours.threads.cancelThread({ threadId }));
  const limit = { isOver: false };
  if (request.timeoutMs > 0)
    sleep(request.timeoutMs, over.signal).then(
      async () => {
        limit.isOver = true;
        await stop();
      },
      () => undefined,
    );
  return {
    run,
    kept,
    output: outputOf(ours, {
      run,
      signal,
      stop,
      pieces: attachment !== undefined,
      onPiece: ({ stream, chunk }) => kept.add(stream, chunk),
      onEnd: () => over.abort(),
    }),
    async result(): Promise<ExecResult> {
      const facts = await findRun(ours, runId);
      const { exitCode, status, error } = facts.run;
      const tooLong = limit.isOver ? `The command was ended after ${request.timeoutMs} ms.` : '';
      return create(ExecResultSchema, {
        execId: runId,
        sandboxId: threadId,
        runId,
        command: request.command,
        cwd: request.cwd,
        exitCode: exitCode ?? (status === 'succeeded' ? 0 : -1),
        success: status === 'succeeded',
        ...kept.fields(),
        error: tooLong || (exitCode === undefined ? (error?.message ?? '') : ''),
      });
    },
  };
}

/** Values of secrets are in the host's memory only; others are part of the script. */
function scriptOf({ command, cwd, env }: ExecRequest): string {
  const { command: name = '', args = [] } = command ?? {};
  if (name.trim() === '') throw invalid('The request names no command.');
  const variables = env.filter(({ secret }) => !secret).map(each => [each.name, each.value] as const);
  const wrong = env.find(each => !/^[A-Za-z_]\w*$/.test(each.name));
  if (wrong) throw invalid(`${JSON.stringify(wrong.name)} is no name of a variable.`);
  // A command without arguments is a line for the shell, as `exec --command` sends it.
  const body = args.length === 0 ? name : [name, ...args];
  return shellScript({ env: Object.fromEntries(variables), cwd, body });
}

function secretsOf({ env }: ExecRequest): Record<string, string> {
  return Object.fromEntries(env.filter(({ secret }) => secret).map(({ name, value }) => [name, value]));
}

/** Errors: `not_found`, and `failed_precondition` when the words fit several. */
async function threadOf(ours: OurCalls, { target }: ExecRequest): Promise<Thread> {
  switch (target.case) {
    case 'sandboxId':
      return await findThread(ours, target.value);
    case 'runId':
      return await findThread(ours, (await findRun(ours, target.value)).run.threadId);
    case 'selector': {
      const { project, agentName } = target.value;
      const selector =
        project.case === 'projectId'
          ? ({ case: 'projectId', value: project.value } as const)
          : ({ case: 'name', value: project.value ?? '' } as const);
      const { id, name } = await findProject(ours, create(ProjectRefSchema, { selector }));
      return theOnly(
        (await allThreads(ours, id)).filter(({ worktree, agent }) => worktree !== '' && agent === agentName),
        `agent ${agentName} of project ${name}`,
      );
    }
    default:
      throw invalid('The request names no sandbox.');
  }
}

function theOnly(threads: readonly Thread[], whose: string): Thread {
  const [first, ...others] = threads;
  if (!first) throw notFound(`sandbox of ${whose}`);
  if (others.length === 0) return first;
  const ids = threads.map(({ id }) => id).join(', ');
  throw new ConnectError(
    `${threads.length} sandboxes belong to ${whose}: name one of ${ids}.`,
    Code.FailedPrecondition,
  );
}
