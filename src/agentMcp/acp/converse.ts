import {
  client,
  methods,
  PROTOCOL_VERSION,
  type ClientContext,
  type McpServer,
  type PermissionOption,
  type PermissionOptionKind,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type Stream,
} from '@agentclientprotocol/sdk';
import { productVersion } from '../../protocol/productVersion.js';
import { ask } from '../mailbox.js';
import { isRecord } from '../../base/unknownFields.js';
import { ToolCalls } from './toolCalls.js';
import type { TotalsSource } from './totals.js';

/** What `acp.json` of a run says. */
export interface AcpSettings {
  /** The session of an earlier run, to go on with. */
  readonly conversation?: string;
  /** The id under which the agent loads it, where that is another one. */
  readonly loadAs?: string;
  /** Where it says what the conversation took. */
  readonly totals?: TotalsSource;
  /** The MCP server with the run's tools. */
  readonly tools?: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}

export interface Conversation {
  readonly stream: Stream;
  readonly settings: AcpSettings;
  readonly prompt: string;
  readonly cwd: string;
  readonly runDirectory: string;
  /** Writes one line of the run's output. */
  readonly say: (line: Readonly<Record<string, unknown>>) => void;
  /** Ends it: the run is stopped, or the agent is gone. */
  readonly signal: AbortSignal;
}

/** Gives an agent one task and waits for its end; false when it came to nothing. Never rejects. */
export async function converse(conversation: Conversation): Promise<boolean> {
  const { stream, say, runDirectory, signal } = conversation;
  const calls = new ToolCalls(say);
  /** Some agents end their turn when a person says no: that is what the person wanted. */
  let denied = false;
  /** Nothing of an earlier run is told once more while its session is loaded. */
  let replaying = false;
  const app = client({ name: 'muster' })
    .onNotification(methods.client.session.update, ({ params }) => {
      if (!replaying) calls.tell(params.update);
    })
    .onRequest(methods.client.session.requestPermission, async ({ params }) => {
      calls.asked(params.toolCall);
      const decided = await decide(params, { runDirectory, signal });
      denied = !decided.allowed;
      return decided.response;
    });
  try {
    return await app.connectWith(stream, async agent => {
      const end = new Promise<never>((_, reject) => {
        const stop = (): void => reject(new Error('The agent ended before its turn did.'));
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
      return await Promise.race([
        turn(agent, conversation, {
          onReplay: loading => {
            replaying = loading;
          },
          wasDenied: () => denied,
        }),
        end,
      ]);
    });
  } catch (error) {
    say({ acp: 'error', message: messageOf(error), ...codeOf(error) });
    return false;
  }
}

async function turn(
  agent: ClientContext,
  { settings, prompt, cwd, say }: Conversation,
  { onReplay, wasDenied }: { readonly onReplay: (replaying: boolean) => void; readonly wasDenied: () => boolean },
): Promise<boolean> {
  const { agentCapabilities } = await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {},
    clientInfo: { name: 'muster', version: productVersion },
  });
  const mcpServers = serversOf(settings);
  let sessionId = settings.loadAs ?? settings.conversation;
  if (sessionId === undefined) {
    ({ sessionId } = await agent.request(methods.agent.session.new, { cwd, mcpServers }));
  } else {
    try {
      if (agentCapabilities?.loadSession !== true) throw new Error('This agent loads no earlier sessions.');
      onReplay(true);
      await agent.request(methods.agent.session.load, { sessionId, cwd, mcpServers });
    } catch (error) {
      say({ acp: 'error', message: messageOf(error), ...codeOf(error), reason: 'conversation_missing' });
      return false;
    } finally {
      onReplay(false);
    }
  }
  say({ acp: 'session', id: settings.conversation ?? sessionId });
  const ended = await agent.request(methods.agent.session.prompt, {
    sessionId,
    prompt: [{ type: 'text', text: prompt }],
  });
  const stopReason = ended.stopReason === 'cancelled' && wasDenied() ? 'end_turn' : ended.stopReason;
  say({ acp: 'stop', ...ended, stopReason });
  return stopReason === 'end_turn';
}

function serversOf({ tools }: AcpSettings): McpServer[] {
  if (!tools) return [];
  const env = Object.entries(tools.env).map(([name, value]) => ({ name, value }));
  return [{ name: 'muster', command: tools.command, args: [...tools.args], env }];
}

/** Carries the agent's question to a person and back. What an agent offers to remember is left alone: *always* is the host's. */
async function decide(
  { toolCall, options }: RequestPermissionRequest,
  { runDirectory, signal }: { readonly runDirectory: string; readonly signal: AbortSignal },
): Promise<{ readonly allowed: boolean; readonly response: RequestPermissionResponse }> {
  const title = toolCall.title ?? toolCall.kind ?? 'a tool';
  const input = isRecord(toolCall.rawInput) ? toolCall.rawInput : {};
  const answer = await ask(
    runDirectory,
    { kind: 'permission', tool: toolCall.kind ?? 'tool', input: { ...input, ...titleOf(input, title) } },
    signal,
  );
  const allowed = answer['decision'] === 'allow';
  const chosen = optionOf(options, allowed ? ['allow_once'] : ['reject_once', 'reject_always']);
  return {
    allowed,
    response: {
      outcome: chosen ? { outcome: 'selected', optionId: chosen.optionId } : { outcome: 'cancelled' },
    },
  };
}

/** What the person reads, where the input itself has no command. */
function titleOf(input: Readonly<Record<string, unknown>>, title: string): Readonly<Record<string, unknown>> {
  return typeof input['command'] === 'string' ? {} : { command: title };
}

function optionOf(
  options: readonly PermissionOption[],
  kinds: readonly PermissionOptionKind[],
): PermissionOption | undefined {
  return kinds.map(kind => options.find(option => option.kind === kind)).find(option => option !== undefined);
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return isRecord(error) && typeof error['message'] === 'string' ? error['message'] : String(error);
}

/** JSON-RPC's code and data say more than the message. */
function codeOf(error: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(error)) return {};
  return { ...('code' in error && { code: error['code'] }), ...('data' in error && { data: error['data'] }) };
}
