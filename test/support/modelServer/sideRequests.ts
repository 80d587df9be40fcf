import type { ModelRequest } from './modelScript.ts';

/**
 * The answer to what a CLI asks besides the conversation itself, else undefined: then the request must be in the
 * script. OpenCode has its model name a new conversation; such a request offers no tools.
 */
export function answerSideRequest(request: ModelRequest): string | undefined {
  const isTitle = request.api === 'chat' && request.tools.length === 0 && /title/i.test(request.system);
  return isTitle ? 'A scripted conversation' : undefined;
}
