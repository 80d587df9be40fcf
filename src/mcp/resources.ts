import { ResourceTemplate, type McpServer } from '@modelcontextprotocol/server';
import { messageFields } from './fields.js';
import { readThread } from './threads.js';
import type { Surroundings, ToolContext } from './tool.js';

/** Transcripts and diffs of threads by address, so that a client can show them or give them to its model. */
export function addResources(server: McpServer, surroundings: Surroundings): void {
  const contextOf = (signal: AbortSignal): ToolContext => ({
    ...surroundings,
    signal: AbortSignal.any([surroundings.signal, signal]),
    progress: () => undefined,
  });
  const idIn = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

  server.registerResource(
    'transcript',
    new ResourceTemplate('muster://thread/{thread}/transcript', { list: undefined }),
    { title: 'Transcript of a thread', mimeType: 'text/markdown' },
    async (uri, variables, call) => {
      const { thread, messages } = await readThread(contextOf(call.mcpReq.signal), idIn(variables['thread']));
      const said = messages
        .map(messageFields)
        .map(({ from, to, intent, body }) => `## ${from} → ${to} (${intent})\n\n${body}`);
      const text = [`# ${thread.summary}`, ...said].join('\n\n');
      return { contents: [{ uri: uri.href, mimeType: 'text/markdown', text }] };
    },
  );

  server.registerResource(
    'diff',
    new ResourceTemplate('muster://thread/{thread}/diff', { list: undefined }),
    { title: 'Changes of a thread', mimeType: 'text/x-diff' },
    async (uri, variables, call) => {
      const context = contextOf(call.mcpReq.signal);
      const { threads } = await context.client();
      const { patch } = await threads.diffThread(
        { threadId: idIn(variables['thread']), withPatch: true },
        { signal: context.signal },
      );
      return { contents: [{ uri: uri.href, mimeType: 'text/x-diff', text: patch }] };
    },
  );
}
