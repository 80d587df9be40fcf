import type { ServiceImpl } from '@connectrpc/connect';
import type { LLMService } from '../../../protocol/gen/agentcompose/v2/llm_pb.js';
import type { OurCalls } from '../ours.js';

/** `agentcompose.v2.LLMService`. */
export function llmCalls({ models }: OurCalls): ServiceImpl<typeof LLMService> {
  return {
    async generate({ prompt, model, outputSchema }, { signal }) {
      const {
        text,
        model: asked,
        responseId,
        finishReason,
        json,
      } = await models.generateText({ prompt, model, outputSchema }, { signal });
      return { text, model: asked, responseId, finishReason, json };
    },
  };
}
