import type { AgentEvent, ToolCall } from '../agentEvent.js';
import type { AgentCommand, CommandRequest, Provider } from '../provider.js';
import { numberField, recordsField, textField } from '../../../base/unknownFields.js';
import { acpCommand, parseAcp } from './acp.js';
import { classify, concludeRun, type CliFacts } from './conclusion.js';
import { facadeBase } from './facadeBase.js';
import { type JsonObject, objectAt, parseObject, toolText } from './jsonOutput.js';
import { toolServerName, toolTimeoutMs } from './toolServer.js';
import { promptWithInstructions } from './systemPrompt.js';

const cli: CliFacts = {
  title: 'Codex',
  fix: {
    install: 'Install it with `npm install -g @openai/codex`.',
    login: 'Run `codex login` in a terminal, or set OPENAI_API_KEY for a model provider that reads it.',
  },
  alwaysSaysResult: false,
};

/** Codex CLI, `codex exec --json`. */
export const codex: Provider = {
  name: 'codex',
  fix: cli.fix,
  builtIn: false,
  tools: ['verdict', 'ask', 'execute'],
  toolsWhenAsking: ['verdict', 'ask', 'permission'],
  asksWith: 'codex-acp',
  command(request) {
    const { model, conversation, args } = request;
    const prompt = promptWithInstructions(request);
    if (request.permissions === 'ask') return askingCommand(request, prompt);
    return {
      argv: [
        'codex',
        'exec',
        '--json',
        // A workspace need not be a repository (a local copy is none); what may be touched is Muster's decision.
        '--skip-git-repo-check',
        ...permissionArgs(request),
        ...facadeArgs(request),
        ...folderArgs(request),
        ...(model === undefined ? [] : ['--model', model]),
        ...toolArgs(request),
        ...args,
        ...(conversation === undefined ? [] : ['resume', conversation]),
        // The prompt is standard input.
        '-',
      ],
      env: facadeEnv(request),
      stdin: 'prompt',
      ...(prompt === undefined ? {} : { prompt }),
    };
  },
  parse(line) {
    const event = parseObject(line);
    if (!event) return line.trim() === '' ? [] : [{ kind: 'raw', text: line }];
    const acp = parseAcp(event);
    if (acp) return acp;
    if (event['acp'] === 'totals') return [parseTotals(objectAt(event, 'said'))];
    switch (event['type']) {
      case 'thread.started':
        return [{ kind: 'conversation', id: textField(event, 'thread_id') }];
      case 'item.started':
        return startedItem(objectAt(event, 'item'));
      case 'item.completed':
        return completedItem(objectAt(event, 'item'));
      case 'turn.completed':
        return [parseUsage(objectAt(event, 'usage'))];
      case 'turn.failed':
        return [failure(textField(objectAt(event, 'error'), 'message'))];
      case 'error': {
        const message = textField(event, 'message');
        return [message.startsWith('Reconnecting') ? { kind: 'raw', text: message } : failure(message)];
      }
      default:
        return typeof event['type'] === 'string' ? [] : [{ kind: 'raw', text: line }];
    }
  },
  conclude: (exit, digest) => concludeRun(exit, digest, cli),
};

/**
 * Under `permissions: ask` it is spoken to over the Agent Client Protocol, for which Codex has a program of its own. It works in its sandbox as
 * it does when it is confined, and asks for what that refuses.
 */
function askingCommand(request: CommandRequest, prompt: string | undefined): AgentCommand {
  const { model, args } = request;
  const settings = [
    'approval_policy="on-request"',
    'sandbox_mode="workspace-write"',
    ...(model === undefined ? [] : [`model=${JSON.stringify(model)}`]),
  ];
  const command = acpCommand(request, {
    argv: [
      'codex-acp',
      ...settings.flatMap(setting => ['-c', setting]),
      ...facadeArgs(request),
      ...folderArgs(request),
      ...args,
    ],
    env: facadeEnv(request),
    totals: { log: { variable: 'CODEX_HOME', usual: '.codex', folder: 'sessions', mark: '"token_count"' } },
    ...(prompt === undefined ? {} : { prompt }),
  });
  return {
    ...command,
    install: 'With permissions: ask Codex runs as codex-acp: `npm install -g @zed-industries/codex-acp`.',
  };
}

function permissionArgs({ permissions }: CommandRequest): readonly string[] {
  switch (permissions) {
    case 'auto':
      return ['--dangerously-bypass-approvals-and-sandbox'];
    case 'confined':
    case 'ask':
      return ['--sandbox', 'workspace-write'];
  }
}

/** What its sandbox lets it write to besides the folder it starts in. */
function folderArgs({ folders = [] }: CommandRequest): readonly string[] {
  if (folders.length === 0) return [];
  return ['-c', `sandbox_workspace_write.writable_roots=${JSON.stringify(folders)}`];
}

/** Where the CLI finds the token: its command line is seen by everybody on the machine. */
const tokenVariable = 'MUSTER_MODEL_TOKEN';

/** A model provider of its own, so that no login of the CLI is asked. */
function facadeArgs({ facade }: CommandRequest): readonly string[] {
  if (!facade) return [];
  const base = JSON.stringify(facadeBase(facade, 'openai'));
  const provider = `{name="Muster",base_url=${base},wire_api="responses",env_key="${tokenVariable}"}`;
  return ['-c', 'model_provider="muster"', '-c', `model_providers.muster=${provider}`];
}

function facadeEnv({ facade }: CommandRequest): Readonly<Record<string, string>> {
  return facade ? { [tokenVariable]: facade.token } : {};
}

/** Values are TOML; a JSON string is one too. */
function toolArgs({ tools }: CommandRequest): readonly string[] {
  if (tools === undefined) return [];
  const { command, args, env } = tools;
  const table = Object.entries(env).map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`);
  return [
    ['command', JSON.stringify(command)],
    ['args', JSON.stringify(args)],
    ['env', `{ ${table.join(', ')} }`],
    ['tool_timeout_sec', String(toolTimeoutMs / 1000)],
    // They write to Muster alone, and nobody is there to be asked.
    ['default_tools_approval_mode', '"approve"'],
  ].flatMap(([key, value]) => ['-c', `mcp_servers.${toolServerName}.${key}=${value}`]);
}

function failure(message: string): AgentEvent {
  return { kind: 'error', message, reason: classify(message) };
}

/** The last count in Codex's own log of a conversation: all of its runs together. */
function parseTotals(line: JsonObject): AgentEvent {
  return parseUsage(objectAt(objectAt(objectAt(line, 'payload'), 'info'), 'total_token_usage'));
}

function parseUsage(usage: JsonObject): AgentEvent {
  const cached = numberField(usage, 'cached_input_tokens') ?? 0;
  const input = numberField(usage, 'input_tokens');
  return {
    kind: 'usage',
    total: true,
    // Codex counts from the conversation's first turn on.
    wholeConversation: 'tokens',
    inputTokens: input === undefined ? undefined : Math.max(0, input - cached),
    outputTokens: numberField(usage, 'output_tokens'),
    cacheReadTokens: cached,
    cacheWriteTokens: numberField(usage, 'cache_write_input_tokens'),
  };
}

function startedItem(item: JsonObject): readonly AgentEvent[] {
  const call = toldWhenComplete(item) ? undefined : toolCall(item);
  return call ? [call] : [];
}

/** Older versions tell of these only when they are complete, newer ones twice: once is enough, they take no time. */
function toldWhenComplete(item: JsonObject): boolean {
  return item['type'] === 'file_change' || item['type'] === 'web_search';
}

function completedItem(item: JsonObject): readonly AgentEvent[] {
  switch (item['type']) {
    case 'agent_message':
      return [{ kind: 'text', text: textField(item, 'text') }];
    case 'reasoning':
      return [{ kind: 'thinking', text: textField(item, 'text') }];
    // Warnings that the turn survived; a fatal one comes as `turn.failed`.
    case 'error':
      return [{ kind: 'raw', text: textField(item, 'message') }];
    default: {
      const call = toolCall(item);
      if (!call) return [];
      const exitCode = numberField(item, 'exit_code');
      const failedStatus = item['status'] === 'failed' || item['status'] === 'declined';
      const output = toolText(item['aggregated_output'] ?? item['result'] ?? objectAt(item, 'error')['message']);
      return [
        ...(toldWhenComplete(item) ? [call] : []),
        {
          kind: 'tool_result',
          callId: call.callId,
          ok: !failedStatus && (exitCode ?? 0) === 0,
          output,
          ...(exitCode === undefined ? {} : { exitCode }),
        },
      ];
    }
  }
}

function toolCall(item: JsonObject): ToolCall | undefined {
  const callId = textField(item, 'id');
  const type = textField(item, 'type');
  switch (type) {
    case 'command_execution': {
      const command = unwrapShell(textField(item, 'command'));
      return {
        kind: 'tool_call',
        callId,
        tool: 'shell',
        category: 'command',
        title: command,
        input: toolText(command),
      };
    }
    case 'file_change': {
      const changes = recordsField(item, 'changes');
      const paths = changes.map(change => textField(change, 'path'));
      const [path] = paths;
      return {
        kind: 'tool_call',
        callId,
        tool: 'apply_patch',
        category: 'edit',
        title: paths.join(', '),
        input: toolText(changes),
        ...(path === undefined ? {} : { path }),
      };
    }
    case 'web_search':
      return { kind: 'tool_call', callId, tool: type, category: 'fetch', title: textField(item, 'query'), input: '' };
    case 'todo_list':
      return { kind: 'tool_call', callId, tool: type, category: 'plan', title: '', input: toolText(item['items']) };
    case 'mcp_tool_call': {
      const tool = `${textField(item, 'server')}.${textField(item, 'tool')}`;
      return { kind: 'tool_call', callId, tool, category: 'other', title: tool, input: toolText(item['arguments']) };
    }
    default:
      return undefined;
  }
}

/** The command without the shell that Codex puts around it, for both ways in which it quotes. */
function unwrapShell(command: string): string {
  const found = /^\S*sh -l?c (?:'([\s\S]*)'|"([\s\S]*)"|(\S+))$/.exec(command);
  if (!found) return command;
  const [, single, double, bare] = found;
  return single?.replaceAll(`'\\''`, "'") ?? double?.replace(/\\(["\\$`])/g, '$1') ?? bare ?? command;
}
