import type { ServiceImpl } from '@connectrpc/connect';
import { timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { StreamAgentRunEventType, type RunService } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import { RunStatus, StdioStream } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import { invalid, notFound, paged, time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { attachedRun, inputOf, takenByCommand } from './attached.js';
import { AttachInbox } from './attachInbox.js';
import { cleanUp, cleanUpLater } from './cleanUp.js';
import { conversation, refuseTerminal } from './conversation.js';
import { collected, dispatch, findRun, said } from './dispatched.js';
import { eventsOfRun } from './runEvents.js';
import { logChunks } from './runLogs.js';
import { findThread } from './findThread.js';
import { runDetail, runStatus, runSummary, type RunFacts } from './shapes.js';

/** `agentcompose.v2.RunService`. */
export function runCalls(ours: OurCalls): ServiceImpl<typeof RunService> {
  return {
    async runAgent(request, { signal }) {
      const run = await dispatch(ours, request);
      const output = await collected(said(ours, { ...run, signal }));
      const cleanupError = await cleanUp(ours, request, run);
      return { run: { ...runDetail(await findRun(ours, run.runId), output), cleanupError } };
    },

    async startAgentRun({ run: request }) {
      if (!request) throw invalid('The request names no run.');
      const run = await dispatch(ours, request);
      cleanUpLater(ours, request, run);
      return { run: runSummary(await findRun(ours, run.runId)), started: true };
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
      const problem = await cleanUp(ours, request, { runId, threadId });
      const ended = runSummary(await findRun(ours, runId));
      const warnings = problem === '' ? [] : [problem];
      yield { eventType: StreamAgentRunEventType.COMPLETED, runId, run: ended, warnings };
    },

    async getRun({ runId, projectId }) {
      const facts = await findRun(ours, runId);
      if (projectId !== '' && facts.detail?.projectId !== projectId)
        throw notFound(`run ${runId} in project ${projectId}`);
      return { run: runDetail(facts) };
    },

    async listRuns(request) {
      const { status, offset, limit } = request;
      const from = msOf(request.startedFrom) ?? 0;
      const to = msOf(request.startedTo) ?? Infinity;
      const runs = (await listedRuns(ours, request))
        .filter(({ run }) => status === RunStatus.UNSPECIFIED || runStatus(run) === status)
        .filter(({ run }) => Number(run.startedAt) >= from && Number(run.startedAt) <= to)
        .toSorted((a, b) => Number(b.run.queuedAt - a.run.queuedAt));
      const { page, total } = paged(runs, { offset, limit });
      return { runs: page.map(runSummary), total };
    },

    async *followRunLogs(request, { signal }) {
      yield* logChunks(ours, request, signal);
    },

    async *attachAgentRun(frames, { signal }) {
      const inbox = new AttachInbox(
        frames,
        {
          startOf: first => (first.frame.case === 'start' ? first.frame.value : undefined),
          takenBy: start => (start.request?.command ? takenByCommand(start) : 'messages'),
        },
        signal,
      );
      const { request, ...attachment } = await inbox.start();
      if (!request) throw invalid('The first frame names no run.');
      const isCommand = request.command !== '';
      if (!isCommand) refuseTerminal(attachment);
      const run = await dispatch(ours, request, isCommand ? inputOf(attachment) : undefined);
      try {
        if (isCommand) yield* attachedRun(ours, { run, attachment, inbox });
        else yield* conversation(ours, run, inbox);
      } finally {
        await cleanUp(ours, request, run);
      }
    },

    async listRunEvents({ runId, offset, limit }, { signal }) {
      const events = await eventsOfRun(ours, await findRun(ours, runId), signal);
      const { page, total } = paged(events, { offset, limit });
      return { events: page, total, historyAvailable: true };
    },

    async listSandboxRunEvents({ sandboxId, offset, limit }, { signal }) {
      const { id: threadId } = await findThread(ours, sandboxId);
      const { runs, details } = await ours.runs.listRuns({ threadId });
      const each = await Promise.all(
        runs.map((run, index) => eventsOfRun(ours, { run, detail: details[index] }, signal)),
      );
      const { page, total } = paged(each.flat(), { offset, limit });
      return { events: page, total, historyAvailableRunIds: runs.map(({ id }) => id) };
    },

    async stopRun({ runId }) {
      const { run } = await findRun(ours, runId);
      const { ended } = await ours.threads.cancelThread({ threadId: run.threadId });
      return { run: runDetail(await findRun(ours, runId)), stopRequested: ended.includes('run') };
    },
  };
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

function msOf(at: Timestamp | undefined): number | undefined {
  return at && timestampMs(at);
}
