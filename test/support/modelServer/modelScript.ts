/**
 * What the scripted model says. A turn begins with a user message that contains `prompt`; its steps are the model's
 * answers one after the other, the last of them without a tool call. The server finds the turn and the step from the
 * request alone, so a client that retries gets the same answer again.
 */
export interface ModelTurn {
  /** A text that the user's message contains; it must be unique in the script. */
  readonly prompt: string;
  readonly steps: readonly ModelStep[];
}

export interface ModelStep {
  readonly text?: string;
  readonly toolCall?: ScriptedToolCall;
  /** Answers with this HTTP status instead. */
  readonly error?: { readonly status: number; readonly message: string };
}

export interface ScriptedToolCall {
  readonly name: string;
  /** Of an MCP tool; only the responses wire keeps it apart from the name. */
  readonly namespace?: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The input of a tool that takes plain text; only the responses wire has such tools. */
  readonly freeform?: string;
}

export type WireApi = 'anthropic' | 'responses' | 'chat' | 'gemini';

/** A request as far as tests care for it, the same for every wire. */
export interface ModelRequest {
  readonly api: WireApi;
  readonly model: string;
  /** System or developer instructions. */
  readonly system: string;
  /** The conversation, oldest first. */
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly string[];
  /** What the CLI sent as its key or token, without its scheme. */
  readonly credential: string;
}

export interface ModelMessage {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly text: string;
}

/** Token counts that every scripted answer reports; each differs from the others so that mix-ups show. */
export const scriptedUsage = { input: 100, output: 20, cacheRead: 30, cacheWrite: 10 } as const;

/** The step that a request asks for, or why there is none. */
export function findStep(
  script: readonly ModelTurn[],
  messages: readonly ModelMessage[],
): { readonly step: ModelStep } | { readonly problem: string } {
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at];
    if (message?.role !== 'user') continue;
    const turn = script.find(candidate => message.text.includes(candidate.prompt));
    if (!turn) continue;
    const answered = countAnswers(messages.slice(at + 1));
    const step = turn.steps[answered];
    return step ? { step } : { problem: `"${turn.prompt}" has ${turn.steps.length} steps, asked for one more` };
  }
  return { problem: 'no turn of the script matches' };
}

/** Consecutive assistant messages are one answer: some wires split text and tool call. */
function countAnswers(messages: readonly ModelMessage[]): number {
  return messages.filter((message, i) => message.role === 'assistant' && messages[i - 1]?.role !== 'assistant').length;
}
