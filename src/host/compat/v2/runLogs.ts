import { Code, ConnectError } from '@connectrpc/connect';
import type { FollowRunLogsRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import { AgentText, lastLines } from '../../../protocol/agentText.js';
import { time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { findRun } from './dispatched.js';
import { runStatus, runSummary } from './shapes.js';

/**
 * `FollowRunLogs`. Offsets count the bytes of what the agent said. All of it goes through here in pieces, as the client takes them: what
 * an agent says has no end.
 */
export async function* logChunks(ours: OurCalls, request: FollowRunLogsRequest, signal: AbortSignal) {
  const { runId, follow } = request;
  const facts = await findRun(ours, runId);
  const from = Math.max(Number(request.startOffset), await startOfTail(ours, request, signal));
  const chunk = (data: string, offset: number) => ({
    data,
    offset: BigInt(offset),
    runStatus: runStatus(facts.run),
    createdAt: time(BigInt(Date.now())),
  });
  yield { ...chunk('', from), run: runSummary(facts), prompt: facts.detail?.prompt ?? '' };
  let offset = 0;
  for await (const piece of said(ours, { runId, follow, signal })) {
    const bytes = Buffer.from(piece);
    const fresh = bytes.subarray(Math.max(0, from - offset));
    const begins = offset + bytes.length - fresh.length;
    offset += bytes.length;
    if (fresh.length > 0) yield chunk(fresh.toString(), begins);
  }
  if (signal.aborted) throw new ConnectError('The call was cancelled.', Code.Canceled);
  const last = await findRun(ours, runId);
  yield {
    data: '',
    offset: BigInt(offset),
    isFinal: true,
    runStatus: runStatus(last.run),
    run: runSummary(last),
  };
}

/** Where the last lines of what was said by now begin; 0 when all of it is wanted. */
async function startOfTail(
  ours: OurCalls,
  { runId, tailLines, tailSet }: FollowRunLogsRequest,
  signal: AbortSignal,
): Promise<number> {
  if (!tailSet && tailLines === 0) return 0;
  let [end, tail] = [0, ''];
  for await (const piece of said(ours, { runId, follow: false, signal })) {
    end += Buffer.byteLength(piece);
    tail = lastLines(tail + piece, tailLines);
  }
  return end - Buffer.byteLength(tail);
}

async function* said(
  { runs }: OurCalls,
  { runId, follow, signal }: { readonly runId: string; readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const text = new AgentText();
  for await (const { items } of runs.readTranscript({ runId, follow }, { signal }))
    yield items.map(item => text.take(item)).join('');
}
