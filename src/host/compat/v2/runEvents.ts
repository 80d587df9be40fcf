import { create } from '@bufbuild/protobuf';
import { RunEventKind, RunEventSchema, type RunEvent } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import type { TranscriptItem } from '../../../protocol/gen/muster/v1/runs_pb.js';
import { time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import type { RunFacts } from './shapes.js';

/** What was asked, said and done in a run, and how it ended, in order. */
export async function eventsOfRun(
  { runs }: OurCalls,
  { run, detail }: RunFacts,
  signal: AbortSignal,
): Promise<readonly RunEvent[]> {
  const items: TranscriptItem[] = [];
  for await (const answer of runs.readTranscript({ runId: run.id, follow: false }, { signal }))
    items.push(...answer.items);
  const asked: Said = { kind: RunEventKind.USER_MESSAGE, text: detail?.prompt ?? '' };
  const ended: readonly Said[] =
    run.endedAt > 0n
      ? [
          {
            kind: RunEventKind.STATUS,
            name: run.status,
            text: run.error?.message ?? '',
            success: run.status === 'succeeded',
            exitCode: run.exitCode ?? 0,
          },
        ]
      : [];
  return [asked, ...items.flatMap(item => saidIn(item) ?? []), ...ended].map((said, index) =>
    create(RunEventSchema, {
      id: `${run.id}:${index + 1}`,
      runId: run.id,
      seq: BigInt(index + 1),
      agent: run.agent,
      success: true,
      ...said,
      createdAt: time(said.kind === RunEventKind.STATUS ? run.endedAt : run.startedAt || run.queuedAt),
    }),
  );
}

interface Said {
  readonly kind: RunEventKind;
  readonly text: string;
  readonly name?: string;
  readonly payloadJson?: string;
  readonly success?: boolean;
  readonly exitCode?: number;
}

function saidIn({ item }: TranscriptItem): Said | undefined {
  const activity = RunEventKind.AGENT_ACTIVITY;
  switch (item.case) {
    case 'text':
    case 'raw':
    case 'result':
      return { kind: RunEventKind.AGENT_MESSAGE, text: item.value.text };
    case 'thinking':
      return { kind: activity, name: 'thinking', text: item.value.text };
    case 'toolCall': {
      const { tool: name, title: text, callId, input, path } = item.value;
      return { kind: activity, name, text, payloadJson: JSON.stringify({ call_id: callId, input, path }) };
    }
    case 'toolResult': {
      const { output: text, ok: success, exitCode = 0, callId } = item.value;
      const payloadJson = JSON.stringify({ call_id: callId });
      return { kind: activity, name: 'tool_result', text, success, exitCode, payloadJson };
    }
    case 'error':
      return { kind: activity, name: 'error', text: item.value.message, success: false };
    default:
      return undefined;
  }
}
