import { ownValue } from '../../../base/ownValue.js';
import { numberField, textField } from '../../../base/unknownFields.js';
import type { AgentEvent, ToolCategory } from '../agentEvent.js';
import type { AgentCommand, CommandRequest, Provider } from '../provider.js';
import { acpCommand, parseAcp } from './acp.js';
import { classify, concludeRun, type CliFacts } from './conclusion.js';
import { facadeBase } from './facadeBase.js';
import { type JsonObject, objectAt, parseObject, toolText } from './jsonOutput.js';
import { promptWithInstructions } from './systemPrompt.js';

const cli: CliFacts = {
  title: 'Gemini CLI',
  fix: {
    install: 'Install it with `npm install -g @google/gemini-cli`.',
    login: 'Run `gemini` in a terminal and log in, or set GEMINI_API_KEY.',
  },
  alwaysSaysResult: false,
};

/** Gemini CLI with streamed JSON; a prompt on standard input makes it run without a terminal. */
export const gemini: Provider = {
  name: 'gemini',
  fix: cli.fix,
  builtIn: false,
  toolsWhenAsking: ['verdict', 'ask', 'permission'],
  command(request) {
    const { model, conversation, args } = request;
    const prompt = promptWithInstructions(request);
    if (request.permissions === 'ask') return askingCommand(request, prompt);
    return {
      argv: [
        'gemini',
        '--output-format',
        'stream-json',
        '--approval-mode',
        approvalMode(request),
        ...(model === undefined ? [] : ['--model', model]),
        ...folderArgs(request),
        ...(conversation === undefined ? [] : ['--resume', conversation]),
        ...args,
      ],
      // A new worktree is a folder that nobody has trusted yet; in such a one the CLI asks before every edit.
      env: { GEMINI_CLI_TRUST_WORKSPACE: 'true', ...facadeEnv(request) },
      stdin: 'prompt',
      ...(prompt === undefined ? {} : { prompt }),
      ...(request.facade ? { files: { [settingsFile]: facadeSettings } } : {}),
    };
  },
  parse(line) {
    const event = parseObject(line);
    if (!event) return line.trim() === '' ? [] : [{ kind: 'raw', text: line }];
    const acp = parseAcp(event);
    if (acp) return acp;
    switch (event['type']) {
      case 'init':
        return [{ kind: 'conversation', id: textField(event, 'session_id') }];
      case 'message':
        return parseMessage(event);
      case 'tool_use':
        return [parseToolCall(event)];
      case 'tool_result':
        return [parseToolResult(event)];
      case 'error':
        return [{ kind: 'raw', text: textField(event, 'message') }];
      case 'result':
        return parseResult(event);
      default:
        return typeof event['type'] === 'string' ? [] : [{ kind: 'raw', text: line }];
    }
  },
  conclude: (exit, digest) => concludeRun(exit, digest, cli),
};

/** Under `permissions: ask` it is spoken to over the Agent Client Protocol, in which it asks. */
function askingCommand(request: CommandRequest, prompt: string | undefined): AgentCommand {
  const { model, args, facade } = request;
  const command = acpCommand(request, {
    argv: [
      'gemini',
      '--experimental-acp',
      '--approval-mode',
      'auto_edit',
      ...(model === undefined ? [] : ['--model', model]),
      ...folderArgs(request),
      ...args,
    ],
    env: { GEMINI_CLI_TRUST_WORKSPACE: 'true', ...facadeEnv(request) },
    loadAs: apart,
    ...(prompt === undefined ? {} : { prompt }),
  });
  return facade ? { ...command, files: { ...command.files, [settingsFile]: facadeSettings } } : command;
}

/** With `=`, and one by one: a comma may be in a name. */
function folderArgs({ folders = [] }: CommandRequest): readonly string[] {
  return folders.map(folder => `--include-directories=${folder}`);
}

/**
 * Before the CLI looks for a session that it is to load, it begins the file of one with the same id, named after the present minute and the id's
 * beginning: over the session itself where that began in the same minute, and where not, as an empty one that it removes later together with all of
 * that beginning. It looks for the id without the space, and names the file with it.
 */
function apart(conversation: string): string {
  return ` ${conversation}`;
}

function approvalMode({ permissions }: CommandRequest): string {
  switch (permissions) {
    case 'auto':
      return 'yolo';
    case 'confined':
    case 'ask':
      return 'auto_edit';
  }
}

const settingsFile = 'gemini-settings.json';
/** Wins over the way to log in that the person chose for themselves. */
const facadeSettings = `${JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } })}\n`;

function facadeEnv({ facade, runDir }: CommandRequest): Readonly<Record<string, string>> {
  if (!facade) return {};
  return {
    GEMINI_CLI_SYSTEM_SETTINGS_PATH: `${runDir}/${settingsFile}`,
    GEMINI_API_KEY: facade.token,
    GOOGLE_GEMINI_BASE_URL: facadeBase(facade, 'gemini'),
  };
}

function parseMessage(event: JsonObject): readonly AgentEvent[] {
  const text = textField(event, 'content');
  if (event['role'] !== 'assistant' || text === '') return [];
  return [{ kind: 'text', text, ...(event['delta'] === true ? { delta: true } : {}) }];
}

function parseToolCall(event: JsonObject): AgentEvent {
  const tool = textField(event, 'tool_name');
  const input = objectAt(event, 'parameters');
  const path = textField(input, 'file_path') || textField(input, 'absolute_path');
  const title = titleKeys.map(key => textField(input, key)).find(text => text !== '') ?? '';
  return {
    kind: 'tool_call',
    callId: textField(event, 'tool_id'),
    tool,
    category: ownValue(categories, tool) ?? 'other',
    title,
    input: toolText(input),
    ...(path === '' ? {} : { path }),
  };
}

/** The input field that says most about a call, the most telling first. */
const titleKeys = ['file_path', 'absolute_path', 'command', 'pattern', 'query', 'url', 'prompt', 'dir_path', 'path'];

const categories: Readonly<Record<string, ToolCategory>> = {
  read_file: 'read',
  read_many_files: 'read',
  list_directory: 'search',
  glob: 'search',
  grep_search: 'search',
  search_file_content: 'search',
  replace: 'edit',
  write_file: 'edit',
  run_shell_command: 'command',
  google_web_search: 'fetch',
  web_fetch: 'fetch',
  write_todos: 'plan',
  update_topic: 'plan',
};

function parseToolResult(event: JsonObject): AgentEvent {
  const ok = event['status'] === 'success';
  const output = textField(event, 'output') || textField(objectAt(event, 'error'), 'message');
  return { kind: 'tool_result', callId: textField(event, 'tool_id'), ok, output: toolText(output) };
}

function parseResult(event: JsonObject): readonly AgentEvent[] {
  const stats = objectAt(event, 'stats');
  const cached = numberField(stats, 'cached') ?? 0;
  const input = numberField(stats, 'input_tokens');
  const counted: AgentEvent = {
    kind: 'usage',
    total: true,
    inputTokens: numberField(stats, 'input') ?? (input === undefined ? undefined : Math.max(0, input - cached)),
    outputTokens: numberField(stats, 'output_tokens'),
    cacheReadTokens: cached,
  };
  if (event['status'] === 'success') return [counted];
  const message = readableApiError(textField(objectAt(event, 'error'), 'message') || textField(event, 'status'));
  return [counted, { kind: 'error', message: message.text, reason: message.reason }];
}

/** The provider's own words out of `[API Error: {"error": …}]`. */
function readableApiError(message: string): Pick<AgentEvent & { kind: 'error' }, 'reason'> & { readonly text: string } {
  const inner = /^\[API Error: ([\s\S]*)\](?:\n|$)/.exec(message)?.[1] ?? message;
  const said = textField(objectAt(parseObject(inner) ?? {}, 'error'), 'message');
  return { text: said || inner, reason: modelRefusal.test(inner) ? 'model_unknown' : classify(inner) };
}

const modelRefusal = /^models?[:/ ]|NOT_FOUND/i;
