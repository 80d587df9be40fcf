import type { ServiceImpl } from '@connectrpc/connect';
import type { LLMService } from '../../../protocol/gen/agentcompose/v2/llm_pb.js';
import type { OurCalls } from '../ours.js';

/** `agentcompose.v2.LLMService`. */
export function llmCalls(ours: OurCalls): ServiceImpl<typeof LLMService> {
  return { generate: async (request, { signal }) => await generated(ours, request, signal) };
}

/** What a model answers, the same in both generations. */
export async function generated(
  { models }: OurCalls,
  request: { readonly prompt: string; readonly model: string; readonly outputSchema: string },
  signal: AbortSignal,
) {
  const { prompt, outputSchema } = request;
  const answer = await models.generateText({ prompt, model: request.model, outputSchema }, { signal });
  const { text, model, responseId, finishReason, json } = answer;
  return { text, model, responseId, finishReason, json };
}
