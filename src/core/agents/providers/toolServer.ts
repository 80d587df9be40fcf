import type { AgentTool } from '../../mail/mailbox.js';
import type { AgentToolServer, CommandRequest, PermissionMode } from '../provider.js';

/** What agents see the agent-side MCP server as. */
export const toolServerName = 'muster';
/** As long as a person may take to answer; some CLIs give a tool a minute otherwise. */
export const toolTimeoutMs = 86_400_000;

/**
 * The tools that an agent may call unasked. `permission` is called by its CLI. Code in a kernel can do what a command can: where
 * a person is asked before commands, they are asked before that.
 */
export function callable({ tools }: AgentToolServer, permissions: PermissionMode): readonly AgentTool[] {
  return tools.filter(tool => tool !== 'permission' && (tool !== 'execute' || permissions === 'auto'));
}

const fileName = 'mcp.json';

/** The file that many CLIs take for a list of MCP servers. */
export function toolServerFile(request: CommandRequest): {
  readonly path: string;
  readonly files: Record<string, string>;
} {
  const { tools: server, runDir } = request;
  if (server === undefined) return { path: '', files: {} };
  const { command, args, env } = server;
  const text = JSON.stringify({ mcpServers: { [toolServerName]: { type: 'stdio', command, args, env } } });
  return { path: `${runDir}/${fileName}`, files: { [fileName]: text } };
}
