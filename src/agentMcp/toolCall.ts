import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Answer } from './mailbox.js';

/** The parts of a call that the tools use. */
export interface Call {
  readonly mcpReq: {
    readonly signal: AbortSignal;
    readonly _meta?: { readonly progressToken?: string | number } | undefined;
    notify(notification: {
      method: 'notifications/progress';
      params: { progressToken: string | number; progress: number; message: string };
    }): Promise<void>;
  };
}

/** What the host refuses, in its words. */
export function refusal(answer: Answer): CallToolResult | undefined {
  const { error } = answer;
  return typeof error === 'string' ? { ...text(error), isError: true } : undefined;
}

/** A result that is words. */
export function text(words: string): CallToolResult {
  return { content: [{ type: 'text', text: words }] };
}
