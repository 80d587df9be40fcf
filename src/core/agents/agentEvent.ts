/**
 * What an agent says and does, in one vocabulary for all providers. A provider's `parse` makes these from one line of
 * the CLI's output; the thread page, `muster logs` and the run's digest are made of them.
 */
export type AgentEvent =
  /** The CLI's own conversation id, stored the moment it appears so that a follow-up resumes it. */
  | { readonly kind: 'conversation'; readonly id: string }
  /** With `delta` it goes on where the text before it (also with `delta`, nothing between them) stopped. */
  | TextEvent
  | { readonly kind: 'thinking'; readonly text: string }
  | ToolCall
  | ToolResult
  | Usage
  /** The final answer, where the CLI says which text is it. */
  | { readonly kind: 'result'; readonly text: string }
  /** An error result is a failure even when the exit code is 0. */
  | { readonly kind: 'error'; readonly message: string; readonly reason: AgentErrorReason }
  /** A line that is not of the CLI's documented format; shown in the raw log and as plain text. */
  | { readonly kind: 'raw'; readonly text: string };

/** Something an agent says. */
export interface TextEvent {
  readonly kind: 'text';
  readonly text: string;
  readonly delta?: boolean;
  /** Lines of a program that says nothing about their format: each is a line, none is Markdown. */
  readonly plain?: boolean;
}

/** One tool use. `title` is what matters in one line: a file, a command, a pattern. */
export interface ToolCall {
  readonly kind: 'tool_call';
  readonly callId: string;
  /** The CLI's own name, such as `Edit` or `exec_command`. */
  readonly tool: string;
  readonly category: ToolCategory;
  readonly title: string;
  /** JSON or text of the input, at most {@link maxToolText} characters. */
  readonly input: string;
  /** The file it touches, as the CLI wrote it. */
  readonly path?: string;
  /** A command whose result is not `ok` when it ends with anything but 0, so that its exit code is told only then. */
  readonly failsAloud?: boolean;
}

export interface ToolResult {
  readonly kind: 'tool_result';
  readonly callId: string;
  readonly ok: boolean;
  /** At most {@link maxToolText} characters. */
  readonly output: string;
  readonly exitCode?: number;
  /** The command goes on in the background. */
  readonly unfinished?: boolean;
}

/** Tokens and money. `total: true` replaces what was counted before (the CLI's own sum); otherwise it adds. */
export interface Usage {
  readonly kind: 'usage';
  readonly total: boolean;
  /** These count the conversation's earlier runs too; their sum is taken off before anything is stored. */
  readonly wholeConversation?: 'tokens' | 'cost' | 'both';
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly costUsd?: number;
}

/** What a tool does, whatever the CLI calls it. */
export type ToolCategory =
  /** Looks at a file. */
  | 'read'
  /** Writes, moves or deletes one. */
  | 'edit'
  /** Looks for names or text. */
  | 'search'
  /** Starts a program. */
  | 'command'
  /** Asks the network. */
  | 'fetch'
  /** Changes the agent’s own list of steps. */
  | 'plan'
  /** Anything else, tools of MCP servers among it. */
  | 'other';

/** Why an agent failed, as far as its CLI lets it be known. */
export type AgentErrorReason =
  /** It has no key or login, or one that is refused. */
  | 'not_logged_in'
  /** Too many calls in a short time: it passes. */
  | 'rate_limited'
  /** What was paid for is used up: it does not pass by waiting a moment. */
  | 'quota'
  /** The model cannot be reached, or answers that it cannot: it passes. */
  | 'unavailable'
  /** The CLI does not know the conversation that was to go on. */
  | 'conversation_missing'
  /** There is no such model, or it is not for this account. */
  | 'model_unknown'
  /** A cap was reached, ours or the CLI’s own. */
  | 'budget'
  /** Its process was ended by a signal. */
  | 'interrupted'
  /** Anything else; the message says what. */
  | 'other';

/** Tool inputs and outputs longer than this are cut; the whole text stays in the run's log. */
export const maxToolText = 16_384;
