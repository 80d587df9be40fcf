import { ownValue } from '../../../base/ownValue.js';
import { isRecord, numberField, recordsField, textField } from '../../../base/unknownFields.js';
import type { AgentErrorReason, AgentEvent, ToolCategory } from '../agentEvent.js';
import type { AgentCommand, CommandRequest } from '../provider.js';
import { classify } from './conclusion.js';
import { objectAt, toolText, type JsonObject } from './jsonOutput.js';

/** Where `dist/acpClient.js` reads what it needs to know. */
const settingsFile = 'acp.json';

/**
 * A CLI that speaks the Agent Client Protocol, behind Muster's client of it: whatever it asks becomes a question to a person.
 * `argv` is the CLI's own command line.
 */
export function acpCommand(
  request: CommandRequest,
  command: Pick<AgentCommand, 'argv' | 'env'> & {
    readonly prompt?: string;
    /** Under which id the CLI loads the conversation, where that is not the id it gave. */
    readonly loadAs?: (conversation: string) => string;
    /** Where the CLI says what a conversation took (`agentMcp/acp/totals.ts`), when it does not say it in the protocol. */
    readonly totals?: object;
  },
): AgentCommand {
  const { conversation, tools, runDir } = request;
  const settings = {
    ...(conversation === undefined ? {} : { conversation, loadAs: command.loadAs?.(conversation) }),
    ...(tools === undefined ? {} : { tools: { command: tools.command, args: tools.args, env: tools.env } }),
    ...(command.totals === undefined ? {} : { totals: command.totals }),
  };
  return {
    argv: command.argv,
    through: ['{{node}}', '{{dist}}/acpClient.js', runDir],
    env: command.env,
    stdin: 'prompt',
    files: { [settingsFile]: JSON.stringify(settings) },
    ...(command.prompt === undefined ? {} : { prompt: command.prompt }),
  };
}

/** Events of one line of `dist/acpClient.js`; undefined for a line that is not its own. */
export function parseAcp(event: JsonObject): readonly AgentEvent[] | undefined {
  switch (event['acp']) {
    case 'session':
      return [{ kind: 'conversation', id: textField(event, 'id') }];
    case 'update':
      return parseUpdate(objectAt(event, 'update'));
    case 'stop':
      return parseStop(event);
    case 'error':
      return [parseError(event)];
    default:
      return undefined;
  }
}

function parseUpdate(update: JsonObject): readonly AgentEvent[] {
  switch (update['sessionUpdate']) {
    case 'agent_message_chunk':
      return said(update).map(text => ({ kind: 'text', text, delta: true }));
    case 'agent_thought_chunk':
      return said(update).map(text => ({ kind: 'thinking', text }));
    case 'tool_call':
      return [toolCall(update), ...toolResult(update)];
    case 'tool_call_update':
      return toolResult(update);
    default:
      return [];
  }
}

function said(update: JsonObject): readonly string[] {
  const text = textField(objectAt(update, 'content'), 'text');
  return text === '' ? [] : [text];
}

function toolCall(call: JsonObject): AgentEvent {
  const kind = textField(call, 'kind');
  const path = recordsField(call, 'locations').map(place => textField(place, 'path'))[0];
  return {
    kind: 'tool_call',
    callId: textField(call, 'toolCallId'),
    tool: textField(call, 'name') || kind || 'tool',
    category: ownValue(categories, kind) ?? 'other',
    title: textField(objectAt(call, 'rawInput'), 'command') || textField(call, 'title'),
    input: toolText(call['rawInput']),
    ...(path === undefined || path === '' ? {} : { path }),
  };
}

const categories: Readonly<Record<string, ToolCategory>> = {
  read: 'read',
  edit: 'edit',
  delete: 'edit',
  move: 'edit',
  search: 'search',
  execute: 'command',
  fetch: 'fetch',
};

function toolResult(call: JsonObject): readonly AgentEvent[] {
  const status = call['status'];
  if (status !== 'completed' && status !== 'failed') return [];
  const texts = recordsField(call, 'content').map(piece => textField(objectAt(piece, 'content'), 'text'));
  const output = texts.filter(text => text !== '').join('\n');
  return [
    {
      kind: 'tool_result',
      callId: textField(call, 'toolCallId'),
      ok: status === 'completed',
      output: toolText(output === '' ? call['rawOutput'] : output),
    },
  ];
}

/** Some agents say what the turn took: the protocol's own field, or what Gemini CLI puts beside it. */
function parseStop(event: JsonObject): readonly AgentEvent[] {
  const usage = objectAt(event, 'usage');
  const quota = objectAt(objectAt(objectAt(event, '_meta'), 'quota'), 'token_count');
  const input = numberField(usage, 'inputTokens') ?? numberField(quota, 'input_tokens');
  const output = numberField(usage, 'outputTokens') ?? numberField(quota, 'output_tokens');
  const amounts: readonly AgentEvent[] =
    input === undefined && output === undefined
      ? []
      : [
          {
            kind: 'usage',
            total: true,
            inputTokens: input,
            outputTokens: output,
            cacheReadTokens: numberField(usage, 'cachedReadTokens'),
            cacheWriteTokens: numberField(usage, 'cachedWriteTokens'),
          },
        ];
  const reason = textField(event, 'stopReason');
  if (reason === 'end_turn') return amounts;
  return [
    ...amounts,
    { kind: 'error', message: stopWords.get(reason) ?? `The agent stopped: ${reason}.`, reason: 'other' },
  ];
}

const stopWords: ReadonlyMap<string, string> = new Map([
  ['max_tokens', 'The agent stopped because its answer was too long for the model.'],
  ['max_turn_requests', 'The agent stopped because it had asked its model as often as it may in one turn.'],
  ['refusal', 'The model refused to go on.'],
  ['cancelled', 'The agent was cancelled.'],
]);

/** JSON-RPC's code for *log in first*. */
const authenticationRequired = -32_000;

function parseError(event: JsonObject): AgentEvent {
  const data = event['data'];
  const details = isRecord(data)
    ? textField(data, 'details') || textField(data, 'message')
    : typeof data === 'string'
      ? data
      : '';
  const message = [textField(event, 'message'), details].filter(text => text !== '').join(': ');
  return { kind: 'error', message, reason: reasonOf(event, message) };
}

function reasonOf(event: JsonObject, message: string): AgentErrorReason {
  if (event['reason'] === 'conversation_missing') return 'conversation_missing';
  if (event['code'] === authenticationRequired) return 'not_logged_in';
  return classify(message);
}
