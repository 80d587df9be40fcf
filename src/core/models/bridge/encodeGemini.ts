import type { TokenCounts } from '../tokenCounts.js';
import { Blocks, sse, type Block } from './answerBlocks.js';
import type { Json, StopReason } from './conversation.js';
import type { AnswerHead, Encoder } from './encodeAnswer.js';
import { parsedObject } from './fields.js';

/** An answer of Gemini's generateContent. A call is said when all of its input is there. */
export function geminiEncoder({ id, model }: AnswerHead): Encoder {
  const blocks = new Blocks();
  let said = 0;
  const chunk = (parts: readonly Json[], more: Json = {}, top: Json = {}): Json => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
    modelVersion: model,
    responseId: id,
    ...top,
  });
  /** Calls that are complete: all before the last block, and at the end the last one too. */
  const calls = (upTo: number): string => {
    let text = '';
    for (; said < upTo; said++) {
      const block = blocks.list[said];
      if (block?.kind === 'call') text += sse(chunk([partOf(block)]));
    }
    return text;
  };
  const end = (): Json => ({ finishReason: reasons[blocks.reason] });
  return {
    begin: () => '',
    push(piece) {
      const taken = blocks.take(piece);
      if (!taken) return '';
      const before = calls(blocks.list.length - 1);
      return taken.block.kind === 'text' ? before + sse(chunk([{ text: taken.added }])) : before;
    },
    finish(tokens) {
      if (blocks.failure !== undefined)
        return sse({ error: { code: 502, message: blocks.failure, status: 'UNAVAILABLE' } });
      return calls(blocks.list.length) + sse(chunk([], end(), { usageMetadata: usage(tokens) }));
    },
    whole: tokens => chunk(blocks.list.map(partOf), end(), { usageMetadata: usage(tokens) }),
  };
}

function partOf(block: Block): Json {
  if (block.kind === 'text') return { text: block.text };
  return { functionCall: { id: block.id, name: block.tool, args: parsedObject(block.text) } };
}

const reasons: Readonly<Record<StopReason, string>> = {
  end: 'STOP',
  tool: 'STOP',
  length: 'MAX_TOKENS',
  refused: 'SAFETY',
};

function usage({ input, output, cacheRead, cacheWrite, reasoning }: TokenCounts): Json {
  const prompt = input + cacheRead + cacheWrite;
  return {
    promptTokenCount: prompt,
    cachedContentTokenCount: cacheRead,
    candidatesTokenCount: output - reasoning,
    thoughtsTokenCount: reasoning,
    totalTokenCount: prompt + output,
  };
}
