import type { ModelRequest } from './modelScript.ts';

/** What the CLIs ask besides the conversation itself; everything else must be in the script. */
export type SideAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'text'; readonly text: string };

/** The answer to a known side request, else undefined. */
export function answerSideRequest(
  method: string,
  path: string,
  request: ModelRequest | undefined,
): SideAnswer | undefined {
  if (process.env['MODEL_SERVER_LOG'])
    console.error(
      method,
      path,
      request?.model,
      request?.messages.length,
      request?.tools.length,
      JSON.stringify(request?.messages.at(-1)?.text.slice(0, 200)),
    );
  return undefined;
}
