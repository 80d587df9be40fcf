import { McpServer } from '@modelcontextprotocol/server';
import { isAnyAppError } from '../base/errors.js';
import { productVersion } from '../protocol/productVersion.js';
import { instructions } from './instructions.js';
import { addResources } from './resources.js';
import type { Surroundings, Tool, ToolContext } from './tool.js';
import { tools } from './toolTable.js';

/** The MCP server: every tool of the table, transcripts and diffs as resources. Adapts words; the rules are the host's. */
export function createMcpServer(surroundings: Surroundings): McpServer {
  const server = new McpServer({ name: 'muster', version: productVersion }, { instructions });
  for (const tool of tools) register(server, tool, surroundings);
  addResources(server, surroundings);
  return server;
}

function register(server: McpServer, tool: Tool, surroundings: Surroundings): void {
  const config = {
    title: tool.title,
    description: tool.description,
    inputSchema: tool.input,
    outputSchema: tool.output,
    annotations: { readOnlyHint: tool.reads, openWorldHint: false },
  };
  server.registerTool(tool.name, config, async (input, call) => {
    const { _meta: meta } = call.mcpReq;
    const progressToken = meta?.progressToken;
    const context: ToolContext = {
      ...surroundings,
      signal: AbortSignal.any([surroundings.signal, call.mcpReq.signal]),
      progress: ({ elapsedS, totalS, message }) => {
        if (progressToken === undefined) return;
        const params = {
          progressToken,
          progress: elapsedS,
          message,
          ...(totalS === undefined ? {} : { total: totalS }),
        };
        // A client that is gone hears nothing, and its call ends by its signal.
        call.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
      },
    };
    try {
      const result = await tool.run(context, input);
      return { content: [{ type: 'text', text: JSON.stringify(result, null, 2) }], structuredContent: result };
    } catch (error) {
      return { content: [{ type: 'text', text: explain(error) }], isError: true };
    }
  });
}

/** The host's own sentence, which says what to do, with its code for programs. */
function explain(error: unknown): string {
  if (isAnyAppError(error)) return `${error.message} [${error.code}]`;
  return error instanceof Error ? error.message : String(error);
}
