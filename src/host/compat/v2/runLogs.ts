import { Code, ConnectError } from '@connectrpc/connect';
import type { FollowRunLogsRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import { AgentText, lastLines } from '../../../protocol/agentText.js';
import { time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { findRun } from './dispatched.js';
import { runStatus, runSummary } from './shapes.js';

/** `FollowRunLogs`. Offsets count the bytes of what the agent said. */
export async function* logChunks(ours: OurCalls, request: FollowRunLogsRequest, signal: AbortSignal) {
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
