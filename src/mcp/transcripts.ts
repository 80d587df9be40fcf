import type { TranscriptItem } from '../protocol/gen/muster/v1/runs_pb.js';
import type { ToolContext } from './tool.js';

/** What an execution said and did, oldest first. */
export async function* transcriptItems({ client, signal }: ToolContext, runId: string): AsyncGenerator<TranscriptItem> {
  const { runs } = await client();
  for await (const { items } of runs.readTranscript({ runId }, { signal })) yield* items;
}
