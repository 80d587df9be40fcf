import { ownValue } from '../../../base/ownValue.js';
import { numberField, textField } from '../../../base/unknownFields.js';
import type { AgentErrorReason, AgentEvent, ToolCategory, Usage } from '../agentEvent.js';
import type { AgentCommand, CommandRequest, Provider } from '../provider.js';
import { acpCommand, parseAcp } from './acp.js';
import { classify, concludeRun, reasonOfStatus, type CliFacts } from './conclusion.js';
import { facadeBase } from './facadeBase.js';
import { type JsonObject, objectAt, parseObject, toolText } from './jsonOutput.js';
import { toolServerName } from './toolServer.js';
import { promptWithInstructions } from './systemPrompt.js';

const cli: CliFacts = {
  title: 'OpenCode',
  fix: {
    install: 'Install it with `npm install -g opencode-ai`.',
    login: 'Run `opencode providers login` in a terminal, or set the key of your model provider.',
  },
  alwaysSaysResult: false,
};

/** OpenCode, `opencode run --format json`. */
export const opencode: Provider = {
  name: 'opencode',
  fix: cli.fix,
  builtIn: false,
  tools: ['verdict', 'ask', 'execute'],
  toolsWhenAsking: ['verdict', 'ask', 'permission'],
  command(request) {
    const { model, conversation, args } = request;
    const prompt = promptWithInstructions(request);
    if (request.permissions === 'ask') return askingCommand(request, prompt);
    return {
      argv: [
        'opencode',
        'run',
        '--format',
        'json',
        ...(request.permissions === 'auto' ? ['--auto'] : []),
        ...(model === undefined ? [] : ['--model', model]),
        ...(conversation === undefined ? [] : ['--session', conversation]),
        ...args,
      ],
      env: { ...permissionEnv(request), ...configurationEnv(request) },
      stdin: 'prompt',
      ...(prompt === undefined ? {} : { prompt }),
    };
  },
  parse(line) {
    const event = parseObject(line);
    if (!event) return line.trim() === '' ? [] : [{ kind: 'raw', text: line }];
    const acp = parseAcp(event);
    // It tells the tokens of its last step alone there, and part of a sum is a wrong sum: its program is asked for that.
    if (acp) return acp.filter(({ kind }) => kind !== 'usage');
    if (event['acp'] === 'totals') return [parseTotals(objectAt(objectAt(event, 'said'), 'info'))];
    const part = objectAt(event, 'part');
    switch (event['type']) {
      case 'step_start':
        return [{ kind: 'conversation', id: textField(event, 'sessionID') }];
      case 'text':
        return [{ kind: 'text', text: textField(part, 'text') }];
      case 'reasoning':
        return [{ kind: 'thinking', text: textField(part, 'text') }];
      case 'tool_use':
        return parseTool(part);
      case 'step_finish':
        return [parseUsage(part)];
      case 'error':
        return [parseError(objectAt(event, 'error'))];
      default:
        return typeof event['type'] === 'string' ? [] : [{ kind: 'raw', text: line }];
    }
  },
  conclude: (exit, digest) => concludeRun(exit, digest, cli),
};

/** Under `permissions: ask` it is spoken to over the Agent Client Protocol, in which it asks. */
function askingCommand(request: CommandRequest, prompt: string | undefined): AgentCommand {
  const { model, args } = request;
  const configuration = { ...facadeConfiguration(request), ...(model === undefined ? {} : { model }) };
  return acpCommand(request, {
    argv: ['opencode', 'acp', ...args],
    totals: { call: ['export'] },
    env: {
      OPENCODE_PERMISSION: JSON.stringify(withFolders(asksBefore, request)),
      ...(Object.keys(configuration).length === 0 ? {} : { OPENCODE_CONFIG_CONTENT: JSON.stringify(configuration) }),
    },
    ...(prompt === undefined ? {} : { prompt }),
  });
}

/** Edits inside the workspace, reading and searching go on without a question. */
const asksBefore = { edit: 'allow', bash: 'ask', webfetch: 'ask', websearch: 'ask', external_directory: 'ask' };

/** Without a rule OpenCode allows everything; these leave edits inside the workspace, reading and searching. */
const editsOnly = { edit: 'allow', bash: 'deny', webfetch: 'deny', websearch: 'deny', external_directory: 'deny' };

function permissionEnv(request: CommandRequest): Readonly<Record<string, string>> {
  switch (request.permissions) {
    case 'auto':
      return {};
    case 'confined':
    case 'ask':
      return { OPENCODE_PERMISSION: JSON.stringify(withFolders(editsOnly, request)) };
  }
}

/** The last pattern that fits counts. */
function withFolders(rules: typeof editsOnly, { folders = [] }: CommandRequest): object {
  if (folders.length === 0) return rules;
  const allowed = Object.fromEntries(folders.flatMap(folder => [folder, `${folder}/**`]).map(each => [each, 'allow']));
  return { ...rules, external_directory: { '*': rules.external_directory, ...allowed } };
}

/** Configuration that comes before every file of the person and the project, and adds to them. */
function configurationEnv(request: CommandRequest): Readonly<Record<string, string>> {
  if (!request.facade && !request.tools) return {};
  const configuration = { ...facadeConfiguration(request), ...toolConfiguration(request) };
  return { OPENCODE_CONFIG_CONTENT: JSON.stringify(configuration) };
}

function toolConfiguration({ tools }: CommandRequest): object {
  if (tools === undefined) return {};
  const { command, args, env } = tools;
  const server = { type: 'local', command: [command, ...args], environment: env, enabled: true, timeout: 30_000 };
  return { mcp: { [toolServerName]: server } };
}

/**
 * The model's provider goes through the host under the
 * name that it has, whatever that is; providers with a login of their own stay out.
 */
function facadeConfiguration({ facade, model }: CommandRequest): object {
  if (!facade) return {};
  const [own = '', ...rest] = (model ?? '').split('/');
  const through = (path: string, more: object = {}): object => ({
    ...more,
    options: { baseURL: path, apiKey: facade.token },
  });
  const known = {
    anthropic: through(`${facadeBase(facade, 'anthropic')}/v1`),
    openai: through(facadeBase(facade, 'openai')),
    google: through(`${facadeBase(facade, 'gemini')}/v1beta`),
  };
  const compatible = { npm: '@ai-sdk/openai-compatible', name: own, models: { [rest.join('/')]: {} } };
  const isKnown = own === '' || ownValue(known, own) !== undefined;
  const provider = isKnown ? known : { ...known, [own]: through(facadeBase(facade, 'openai'), compatible) };
  return { enabled_providers: Object.keys(provider), provider };
}

/** OpenCode tells of a tool once it has ended. */
function parseTool(part: JsonObject): readonly AgentEvent[] {
  // A call of a tool that is denied or unknown is told as one of the tool `invalid`.
  const isRefused = textField(part, 'tool') === 'invalid';
  const callId = textField(part, 'callID');
  const state = objectAt(part, 'state');
  const input = objectAt(state, 'input');
  const tool = (isRefused && textField(input, 'tool')) || textField(part, 'tool');
  const path = textField(input, 'filePath');
  const exitCode = numberField(objectAt(state, 'metadata'), 'exit');
  return [
    {
      kind: 'tool_call',
      callId,
      tool,
      category: ownValue(categories, tool) ?? 'other',
      title:
        path ||
        textField(input, 'command') ||
        textField(state, 'title') ||
        textField(input, 'pattern') ||
        textField(input, 'url'),
      input: toolText(input),
      ...(path === '' ? {} : { path }),
    },
    {
      kind: 'tool_result',
      callId,
      ok: !isRefused && state['status'] === 'completed' && (exitCode ?? 0) === 0,
      output: toolText(textField(state, 'output') || textField(state, 'error')),
      ...(exitCode === undefined ? {} : { exitCode }),
    },
  ];
}

const categories: Readonly<Record<string, ToolCategory>> = {
  read: 'read',
  edit: 'edit',
  multiedit: 'edit',
  patch: 'edit',
  apply_patch: 'edit',
  write: 'edit',
  glob: 'search',
  grep: 'search',
  list: 'search',
  bash: 'command',
  webfetch: 'fetch',
  websearch: 'fetch',
  todoread: 'plan',
  todowrite: 'plan',
};

function parseUsage(part: JsonObject): Usage {
  const tokens = objectAt(part, 'tokens');
  const cache = objectAt(tokens, 'cache');
  const cost = numberField(part, 'cost');
  return {
    kind: 'usage',
    total: false,
    inputTokens: numberField(tokens, 'input'),
    outputTokens: (numberField(tokens, 'output') ?? 0) + (numberField(tokens, 'reasoning') ?? 0),
    cacheReadTokens: numberField(cache, 'read'),
    cacheWriteTokens: numberField(cache, 'write'),
    // OpenCode reports 0 for models whose price it does not know.
    ...(cost === undefined || cost === 0 ? {} : { costUsd: cost }),
  };
}

/** What `opencode export` says of a conversation: all of its runs together. */
function parseTotals(session: JsonObject): AgentEvent {
  return { ...parseUsage(session), total: true, wholeConversation: 'both' };
}

function parseError(error: JsonObject): AgentEvent {
  const data = objectAt(error, 'data');
  const name = textField(error, 'name');
  const message = textField(data, 'message') || name;
  const reason = ownValue(errorNames, name) ?? reasonOfStatus(numberField(data, 'statusCode')) ?? classify(message);
  return { kind: 'error', message, reason };
}

const errorNames: Readonly<Record<string, AgentErrorReason>> = {
  ProviderAuthError: 'not_logged_in',
  ProviderModelNotFoundError: 'model_unknown',
  MessageAbortedError: 'interrupted',
};
