import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import {
  RunService,
  RunSandboxCleanupPolicy,
  StreamAgentRunEventType,
  type RunAgentRequest,
} from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import { RunStatus, StdioStream } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import { AgentText, lastLines } from '../../../protocol/agentText.js';
import { invalid, notFound, notYet, paged, partly, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { runDetail, runStatus, runSummary, type RunFacts } from './shapes.js';

/** `agentcompose.v2.RunService`. */
export function runCalls(ours: OurCalls): Partial<ServiceImpl<typeof RunService>> {
  return partly(
    RunService,
    {
      async runAgent(request, { signal }) {
        const { runId, threadId } = await dispatch(ours, request);
        const output = await collected(said(ours, { runId, threadId, signal }));
        return { run: runDetail(await findRun(ours, runId), output) };
      },

      async startAgentRun({ run: request }) {
        if (!request) throw invalid('The request names no run.');
        const { runId } = await dispatch(ours, request);
        return { run: runSummary(await findRun(ours, runId)), started: true };
      },

      async *streamAgentRun(request, { signal }) {
        const { runId, threadId } = await dispatch(ours, request);
        const run = runSummary(await findRun(ours, runId));
        yield { eventType: StreamAgentRunEventType.STARTED, runId, run };
        for await (const chunk of said(ours, { runId, threadId, signal }))
          yield {
            eventType: StreamAgentRunEventType.OUTPUT,
            runId,
            chunk,
            stream: StdioStream.STDOUT,
            createdAt: time(BigInt(Date.now())),
          };
        const ended = runSummary(await findRun(ours, runId));
        yield { eventType: StreamAgentRunEventType.COMPLETED, runId, run: ended };
      },

      async getRun({ runId, projectId }) {
        const facts = await findRun(ours, runId);
        if (projectId !== '' && facts.detail?.projectId !== projectId)
          throw notFound(`run ${runId} in project ${projectId}`);
        return { run: runDetail(facts) };
      },

      async listRuns(request) {
        const { status, offset, limit } = request;
        const runs = (await listedRuns(ours, request))
          .filter(({ run }) => status === RunStatus.UNSPECIFIED || runStatus(run) === status)
          .toSorted((a, b) => Number(b.run.queuedAt - a.run.queuedAt));
        const { page, total } = paged(runs, { offset, limit });
        return { runs: page.map(runSummary), total };
      },

      async *followRunLogs(request, context) {
        yield* logChunks(ours, request, context);
      },

      async stopRun({ runId }) {
        const { run } = await findRun(ours, runId);
        const { ended } = await ours.threads.cancelThread({ threadId: run.threadId });
        return { run: runDetail(await findRun(ours, runId)), stopRequested: ended.includes('run') };
      },
    },
    'Follow the run with FollowRunLogs, or use `muster`.',
  );
}

interface Dispatched {
  readonly runId: string;
  readonly threadId: string;
}

async function dispatch({ threads }: OurCalls, request: RunAgentRequest): Promise<Dispatched> {
  refuseWhatIsNotThere(request);
  const { projectId, agentName, prompt, command, sandboxId, env, clientRequestId, jupyter } = request;
  const { runId, threadId } = await threads.dispatch({
    project: sandboxId === '' ? projectId : '',
    agent: agentName,
    threadId: sandboxId,
    prompt: command === '' ? prompt : command,
    command: command !== '',
    environment: Object.fromEntries(env.map(({ name, value }) => [name, value])),
    idempotencyKey: clientRequestId,
    notebookServer: jupyter?.enabled === true,
  });
  return { runId, threadId };
}

function refuseWhatIsNotThere({ outputSchemaJson, driver, volumes, jupyter, cleanupPolicy }: RunAgentRequest): void {
  const file = 'Write it into the compose file.';
  if (outputSchemaJson !== '') throw notYet('output_schema_json', 'Ask for JSON in the prompt.');
  if (driver !== '') throw notYet('driver of a run', file);
  if (volumes.length > 0) throw notYet('volumes of a run', file);
  if (jupyter?.expose === true) throw notYet('jupyter.expose of a run', '`muster jupyter url` opens it in a browser.');
  if (cleanupPolicy === RunSandboxCleanupPolicy.REMOVE_ON_COMPLETION)
    throw notYet('REMOVE_ON_COMPLETION', 'Call RemoveSandbox when the work was looked at.');
}

/** What the agent says, as it says it, until its run has ended. A caller that goes away meanwhile stops the run. */
async function* said(
  { runs, threads }: OurCalls,
  { runId, threadId, signal }: Dispatched & { readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const text = new AgentText();
  try {
    for await (const { items } of runs.readTranscript({ runId, follow: true }, { signal })) {
      const chunk = items.map(item => text.take(item)).join('');
      if (chunk !== '') yield chunk;
    }
  } catch (error) {
    if (signal.aborted) await threads.cancelThread({ threadId });
    throw error;
  }
}

async function collected(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

export async function findRun({ runs }: OurCalls, runId: string): Promise<RunFacts> {
  const { run, detail } = await runs.getRun({ runId });
  if (!run) throw notFound(`run ${runId}`);
  return { run, detail };
}

async function listedRuns(
  { runs, projects }: OurCalls,
  request: { readonly projectId: string; readonly agentName: string; readonly sandboxId: string },
): Promise<readonly RunFacts[]> {
  const { projectId, agentName: agent, sandboxId } = request;
  const read = async (wanted: {
    readonly threadId?: string;
    readonly project?: string;
  }): Promise<readonly RunFacts[]> => {
    const answer = await runs.listRuns({ ...wanted, agent, limit: 500 });
    return answer.runs.map((run, index) => ({ run, detail: answer.details[index] }));
  };
  if (sandboxId !== '')
    return (await read({ threadId: sandboxId })).filter(({ run }) => agent === '' || run.agent === agent);
  if (projectId !== '') return await read({ project: projectId });
  const all = await projects.listProjects({});
  return (await Promise.all(all.projects.map(({ id }) => read({ project: id })))).flat();
}

/** Offsets count the bytes of what the agent said. */
async function* logChunks(
  ours: OurCalls,
  request: {
    readonly runId: string;
    readonly follow: boolean;
    readonly startOffset: bigint;
    readonly tailLines: number;
    readonly tailSet: boolean;
  },
  { signal }: HandlerContext,
) {
  const { runId, follow } = request;
  const facts = await findRun(ours, runId);
  const text = new AgentText();
  const bytes = new TextEncoder();
  let offset = 0n;
  const chunk = (data: string) => {
    const from = offset;
    offset += BigInt(bytes.encode(data).length);
    return { data, offset: from, runStatus: runStatus(facts.run), createdAt: time(BigInt(Date.now())) };
  };
  let already = '';
  for await (const { items } of ours.runs.readTranscript({ runId, follow: false }, { signal }))
    already += items.map(item => text.take(item)).join('');
  const tail = request.tailSet || request.tailLines > 0 ? lastLines(already, request.tailLines) : already;
  offset = BigInt(bytes.encode(already).length - bytes.encode(tail).length);
  const skipped = Number(request.startOffset > offset ? request.startOffset - offset : 0n);
  const first = new TextDecoder().decode(bytes.encode(tail).subarray(skipped));
  offset += BigInt(bytes.encode(tail).length - bytes.encode(first).length);
  yield { ...chunk(first), run: runSummary(facts), prompt: facts.detail?.prompt ?? '' };
  if (follow) yield* followed(ours, { runId, after: already, chunk, signal });
  const last = await findRun(ours, runId);
  yield { data: '', offset, isFinal: true, runStatus: runStatus(last.run), run: runSummary(last) };
}

/** What is said from now on. The transcript is read again from its beginning, so that nothing is said twice or lost. */
async function* followed<T>(
  { runs }: OurCalls,
  {
    runId,
    after,
    chunk,
    signal,
  }: {
    readonly runId: string;
    readonly after: string;
    readonly chunk: (data: string) => T;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<T> {
  const text = new AgentText();
  let known = after.length;
  for await (const { items } of runs.readTranscript({ runId, follow: true }, { signal })) {
    const piece = items.map(item => text.take(item)).join('');
    const fresh = piece.slice(known);
    known = Math.max(0, known - piece.length);
    if (fresh !== '') yield chunk(fresh);
  }
  if (signal.aborted) throw new ConnectError('The call was cancelled.', Code.Canceled);
}
