import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  AgentRunSchema,
  SendAgentMessageStreamEventType,
  type AgentRun,
  type AgentService,
  type SendAgentMessageRequest,
} from '../../../protocol/gen/agentcompose/v1/agents_pb.js';
import { SessionEventSchema, type SessionEvent } from '../../../protocol/gen/agentcompose/v1/types_pb.js';
import { collected, findRun, said } from '../v2/dispatched.js';
import type { OurCalls } from '../ours.js';
import { described, findThread } from '../v2/findThread.js';
import type { RunFacts } from '../v2/shapes.js';
import { sessionOf, textOf } from './shapes.js';

/** `agentcompose.v1.AgentService`: a message is one more task on the thread. */
export function agentCalls(ours: OurCalls): ServiceImpl<typeof AgentService> {
  return {
    async sendAgentMessage(request, { signal }) {
      const { runId, threadId } = await send(ours, request);
      const output = await collected(said(ours, { runId, threadId, signal }));
      return eventsOf(await findRun(ours, runId), output);
    },

    async *sendAgentMessageStream(request, { signal }) {
      const { runId, threadId } = await send(ours, request);
      const begun = agentRun(await findRun(ours, runId), '');
      yield { eventType: SendAgentMessageStreamEventType.STARTED, runId, run: begun };
      let output = '';
      for await (const chunk of said(ours, { runId, threadId, signal })) {
        output += chunk;
        yield { eventType: SendAgentMessageStreamEventType.OUTPUT, runId, chunk };
      }
      const facts = await findRun(ours, runId);
      yield {
        eventType: SendAgentMessageStreamEventType.COMPLETED,
        runId,
        run: agentRun(facts, output),
        session: sessionOf(await described(ours, await findThread(ours, threadId))),
        ...eventsOf(facts, output),
      };
    },

    async listSessionEvents({ sessionId }) {
      const { id: threadId } = await findThread(ours, sessionId);
      const { runs, details } = await ours.runs.listRuns({ threadId });
      const events = runs.flatMap((run, index) => {
        const { userEvent, assistantEvent } = eventsOf({ run, detail: details[index] }, run.answer);
        return run.endedAt > 0n ? [userEvent, assistantEvent] : [userEvent];
      });
      return { sessionId: threadId, events };
    },
  };
}

async function send(ours: OurCalls, { sessionId, message: prompt, agent }: SendAgentMessageRequest) {
  const thread = await findThread(ours, sessionId);
  return await ours.threads.dispatch({ threadId: thread.id, agent: agent || thread.agent, prompt });
}

function agentRun({ run, detail }: RunFacts, output: string): AgentRun {
  return create(AgentRunSchema, {
    id: run.id,
    agent: run.agent,
    message: detail?.prompt ?? '',
    output,
    exitCode: run.exitCode ?? 0,
    success: run.status === 'succeeded',
    createdAt: textOf(run.queuedAt),
    agentSessionId: run.conversation,
    stopReason: run.endedAt > 0n ? run.status : '',
    running: run.endedAt === 0n,
  });
}

function eventsOf(
  { run, detail }: RunFacts,
  output: string,
): { readonly userEvent: SessionEvent; readonly assistantEvent: SessionEvent } {
  const hasFailed = run.endedAt > 0n && run.status !== 'succeeded';
  return {
    userEvent: create(SessionEventSchema, {
      id: `${run.id}:user`,
      type: 'user.message',
      level: 'info',
      message: detail?.prompt ?? '',
      createdAt: textOf(run.queuedAt),
    }),
    assistantEvent: create(SessionEventSchema, {
      id: `${run.id}:assistant`,
      type: 'assistant.message',
      level: hasFailed ? 'error' : 'info',
      message: output || (run.error?.message ?? ''),
      createdAt: textOf(run.endedAt),
    }),
  };
}
