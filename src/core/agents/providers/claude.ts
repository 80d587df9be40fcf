import { ownValue } from '../../../base/ownValue.js';
import { isRecord, numberField, recordsField, textField } from '../../../base/unknownFields.js';
import type { AgentErrorReason, AgentEvent, ToolCall, ToolCategory, Usage } from '../agentEvent.js';
import type { CommandRequest, Provider } from '../provider.js';
import { concludeRun, reasonOfStatus, type CliFacts } from './conclusion.js';
import { facadeBase } from './facadeBase.js';
import { callable, toolServerFile, toolServerName, toolTimeoutMs } from './toolServer.js';
import { type JsonObject, objectAt, parseObject, toolText } from './jsonOutput.js';

const cli: CliFacts = {
  title: 'Claude Code',
  fix: {
    install: 'Install it with `npm install -g @anthropic-ai/claude-code`.',
    login: 'Run `claude` in a terminal and log in, or set ANTHROPIC_API_KEY.',
  },
  alwaysSaysResult: true,
};

const systemPromptFile = 'system-prompt.md';

/** Claude Code, `claude -p` with streamed JSON. */
export const claude: Provider = {
  name: 'claude',
  fix: cli.fix,
  builtIn: false,
  tools: ['verdict', 'ask', 'permission', 'execute'],
  command(request) {
    const { model, systemPrompt, conversation, args, runDir } = request;
    const tools = toolServerFile(request);
    const hasSystemPrompt = systemPrompt !== undefined && systemPrompt !== '';
    return {
      argv: [
        'claude',
        '--print',
        '--output-format',
        'stream-json',
        // Without it print mode refuses streamed JSON.
        '--verbose',
        ...permissionArgs(request),
        ...(model === undefined ? [] : ['--model', model]),
        ...(hasSystemPrompt ? ['--append-system-prompt-file', `${runDir}/${systemPromptFile}`] : []),
        ...(request.folders ?? []).map(folder => `--add-dir=${folder}`),
        ...toolArgs(request, tools.path),
        ...(conversation === undefined ? [] : ['--resume', conversation]),
        ...args,
      ],
      env: { ...permissionEnv(request), ...facadeEnv(request), ...toolEnv(request) },
      stdin: 'prompt',
      files: { ...tools.files, ...(hasSystemPrompt ? { [systemPromptFile]: systemPrompt } : {}) },
    };
  },
  parse(line) {
    const event = parseObject(line);
    if (!event) return line.trim() === '' ? [] : [{ kind: 'raw', text: line }];
    switch (event['type']) {
      case 'system':
        return parseSystem(event);
      case 'assistant':
        return parseAssistant(event);
      case 'user':
        return recordsField(objectAt(event, 'message'), 'content').flatMap(parseToolResult);
      case 'result':
        return parseResult(event);
      default:
        return typeof event['type'] === 'string' ? [] : [{ kind: 'raw', text: line }];
    }
  },
  conclude: (exit, digest) => concludeRun(exit, digest, cli),
};

function permissionArgs({ permissions }: CommandRequest): readonly string[] {
  switch (permissions) {
    case 'auto':
      return ['--dangerously-skip-permissions'];
    case 'confined':
    case 'ask':
      return ['--permission-mode', 'acceptEdits'];
  }
}

/** With `=`, because these options would take the words behind them for more values. */
function toolArgs({ tools, permissions }: CommandRequest, file: string): readonly string[] {
  if (tools === undefined) return [];
  const names = callable(tools, permissions).map(tool => `mcp__${toolServerName}__${tool}`);
  return [
    `--mcp-config=${file}`,
    ...(names.length === 0 ? [] : [`--allowedTools=${names.join(',')}`]),
    ...(tools.tools.includes('permission') ? ['--permission-prompt-tool', `mcp__${toolServerName}__permission`] : []),
  ];
}

function toolEnv({ tools }: CommandRequest): Readonly<Record<string, string>> {
  return tools === undefined ? {} : { MCP_TOOL_TIMEOUT: String(toolTimeoutMs) };
}

function permissionEnv({ permissions, asRoot }: CommandRequest): Readonly<Record<string, string>> {
  // Claude Code refuses its bypass mode as root unless it is told that something else confines it.
  return permissions === 'auto' && asRoot ? { IS_SANDBOX: '1' } : {};
}

/** As a gateway's token, which comes before every login and key that the CLI knows. */
function facadeEnv({ facade }: CommandRequest): Readonly<Record<string, string>> {
  if (!facade) return {};
  return { ANTHROPIC_BASE_URL: facadeBase(facade, 'anthropic'), ANTHROPIC_AUTH_TOKEN: facade.token };
}

function parseSystem(event: JsonObject): readonly AgentEvent[] {
  switch (event['subtype']) {
    case 'init':
      return [{ kind: 'conversation', id: textField(event, 'session_id') }];
    case 'api_retry': {
      const wait = Math.round((numberField(event, 'retry_delay_ms') ?? 0) / 1000);
      const attempt = `${numberField(event, 'attempt') ?? '?'} of ${numberField(event, 'max_retries') ?? '?'}`;
      return [
        { kind: 'raw', text: `Model request failed (${textField(event, 'error')}); try ${attempt} in ${wait} s.` },
      ];
    }
    default:
      return [];
  }
}

function parseAssistant(event: JsonObject): readonly AgentEvent[] {
  const blocks = recordsField(objectAt(event, 'message'), 'content');
  const error = textField(event, 'error');
  if (error !== '') {
    const reason = ownValue(apiErrors, error) ?? reasonOfStatus(numberField(event, 'api_error_status')) ?? 'other';
    return [{ kind: 'error', message: blocks.map(block => textField(block, 'text')).join('\n') || error, reason }];
  }
  // What a sub-agent says is for its parent; what it does is worth seeing.
  const fromSubAgent = textField(event, 'parent_tool_use_id') !== '';
  return blocks.flatMap((block): readonly AgentEvent[] => {
    switch (block['type']) {
      case 'text':
        return fromSubAgent ? [] : [{ kind: 'text', text: textField(block, 'text') }];
      case 'thinking':
        return fromSubAgent || textField(block, 'thinking') === ''
          ? []
          : [{ kind: 'thinking', text: textField(block, 'thinking') }];
      case 'tool_use':
        return [toolCall(block)];
      default:
        return [];
    }
  });
}

const apiErrors: Readonly<Record<string, AgentErrorReason>> = {
  authentication_failed: 'not_logged_in',
  billing_error: 'quota',
  overloaded: 'unavailable',
  rate_limit: 'rate_limited',
  server_error: 'unavailable',
};

function toolCall(block: JsonObject): ToolCall {
  const tool = textField(block, 'name');
  const input = objectAt(block, 'input');
  const path = textField(input, 'file_path') || textField(input, 'notebook_path');
  const title = titleKeys.map(key => textField(input, key)).find(text => text !== '') ?? '';
  return {
    kind: 'tool_call',
    callId: textField(block, 'id'),
    tool,
    category: ownValue(categories, tool) ?? 'other',
    title,
    input: toolText(input),
    ...(path === '' ? {} : { path }),
    ...(tool === 'Bash' && input['run_in_background'] !== true ? { failsAloud: true } : {}),
  };
}

/** The input field that says most about a call, the most telling first. */
const titleKeys = ['file_path', 'notebook_path', 'command', 'pattern', 'url', 'query', 'description', 'path', 'skill'];

const categories: Readonly<Record<string, ToolCategory>> = {
  Read: 'read',
  Edit: 'edit',
  MultiEdit: 'edit',
  NotebookEdit: 'edit',
  Write: 'edit',
  Glob: 'search',
  Grep: 'search',
  LS: 'search',
  ToolSearch: 'search',
  Bash: 'command',
  BashOutput: 'command',
  PowerShell: 'command',
  WebFetch: 'fetch',
  WebSearch: 'fetch',
  ExitPlanMode: 'plan',
  TaskCreate: 'plan',
  TaskUpdate: 'plan',
  TodoWrite: 'plan',
};

function parseToolResult(block: JsonObject): readonly AgentEvent[] {
  if (block['type'] !== 'tool_result') return [];
  const content = block['content'];
  const output =
    typeof content === 'string'
      ? content
      : recordsField(block, 'content')
          .map(part => textField(part, 'text'))
          .join('\n');
  const ok = block['is_error'] !== true;
  const exitCode = ok ? undefined : /^Exit code (\d+)/.exec(output)?.[1];
  return [
    {
      kind: 'tool_result',
      callId: textField(block, 'tool_use_id'),
      ok,
      output: toolText(output),
      ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
      // One that takes long is put there by the CLI itself.
      ...(/^Command (?:is )?(?:running|was \w+ backgrounded)/.test(output) ? { unfinished: true } : {}),
    },
  ];
}

function parseResult(event: JsonObject): readonly AgentEvent[] {
  const usage = objectAt(event, 'usage');
  const counted: AgentEvent = {
    kind: 'usage',
    total: true,
    inputTokens: numberField(usage, 'input_tokens'),
    outputTokens: numberField(usage, 'output_tokens'),
    cacheReadTokens: numberField(usage, 'cache_read_input_tokens'),
    cacheWriteTokens: numberField(usage, 'cache_creation_input_tokens'),
    ...costOf(event),
  };
  const said = textField(event, 'result');
  const subtype = textField(event, 'subtype');
  if (event['is_error'] !== true && subtype === 'success') return [counted, { kind: 'result', text: said }];
  const listed = Array.isArray(event['errors']) ? event['errors'].filter(error => typeof error === 'string') : [];
  const message = said || listed.join('\n') || subtype.replaceAll('_', ' ');
  return [counted, { kind: 'error', message, reason: resultReason(event, subtype, message) }];
}

/** The total of a resumed conversation counts its earlier runs; newer versions also say what this one cost. */
function costOf(event: JsonObject): Pick<Usage, 'costUsd' | 'wholeConversation'> {
  const models = event['model_usage_since_last_result'];
  if (!isRecord(models)) return { costUsd: numberField(event, 'total_cost_usd'), wholeConversation: 'cost' };
  const costs = Object.keys(models).map(model => numberField(objectAt(models, model), 'costUSD') ?? 0);
  return { costUsd: costs.reduce((sum, cost) => sum + cost, 0) };
}

function resultReason(event: JsonObject, subtype: string, message: string): AgentErrorReason {
  if (subtype === 'error_max_budget_usd') return 'budget';
  if (/No conversation found/i.test(message)) return 'conversation_missing';
  return reasonOfStatus(numberField(event, 'api_error_status')) ?? 'other';
}
