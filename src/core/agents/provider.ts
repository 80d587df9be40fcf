import type { CommandInput } from '../runs/liveInput.js';
import type { AgentTool } from '../mail/mailbox.js';
import type { FacadeAddress } from '../models/runModels.js';
import type { AgentEvent, AgentErrorReason } from './agentEvent.js';

/** `confined`: the CLI's own sandbox or edit-only mode · `ask`: the inbox · `auto`: the CLI's bypass. */
export type PermissionMode = 'confined' | 'ask' | 'auto';

/**
 * The knowledge of one coding CLI, as pure functions. Nothing here touches a process: the host runs the command,
 * tails its output and hands the lines back.
 */
export interface Provider {
  /** `claude`, `codex`, `gemini`, `opencode`, `demo`, or the key of a user-defined one. */
  readonly name: string;
  /** How to install the CLI and how to log in, as one sentence each, for error messages. */
  readonly fix: { readonly install: string; readonly login: string };
  /** What its CLI can do with Muster's agent-side tools; missing: it is not told of them. */
  readonly tools?: readonly AgentTool[];
  /** The same under `permissions: ask`, where its CLI is spoken to in another way then; missing: {@link tools}. */
  readonly toolsWhenAsking?: readonly AgentTool[];
  /** The program beside its CLI that it asks through; an agent whose file does not say that it asks works confined without it. */
  readonly asksWith?: string;
  /** True when the provider starts nothing outside of Muster (the built-in `demo`). */
  readonly builtIn: boolean;
  /** The command line of one run. The prompt is never in it: it travels on stdin or as a file of the run directory. */
  command(request: CommandRequest): AgentCommand;
  /** Events of one line of standard output (without its newline). Never throws; unknown lines become `raw`. */
  parse(line: string): readonly AgentEvent[];
  /** What the run came to, from how the process ended and what it said. */
  conclude(exit: ProcessExit, digest: RunDigest): RunConclusion;
}

export interface CommandRequest {
  readonly model?: string;
  readonly systemPrompt?: string;
  /** The task text; a provider may return it changed in `AgentCommand.prompt`. */
  readonly prompt: string;
  /** Conversation id of an earlier run of the same thread and agent, to resume. */
  readonly conversation?: string;
  readonly permissions: PermissionMode;
  /** Extra arguments from the compose file, put before the provider's own trailing ones. */
  readonly args: readonly string[];
  /** Absolute path of the run directory as the agent's process sees it. */
  readonly runDir: string;
  /** Folders besides the one it starts in that it works in: worktrees of other repositories. Missing: none. */
  readonly folders?: readonly string[];
  /** Where its models are; missing: where the CLI finds them by itself. */
  readonly facade?: FacadeAddress;
  /** The MCP server that the CLI gets for this run; missing: none. */
  readonly tools?: AgentToolServer;
  /** Some CLIs refuse their bypass mode as root unless told that they are sandboxed. */
  readonly asRoot: boolean;
  /** Somebody gives the command its input while it runs. Only for a person's own command. */
  readonly input?: CommandInput;
}

/** How to start `dist/agentMcp.js` for one run. */
export interface AgentToolServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly tools: readonly AgentTool[];
}

export interface AgentCommand {
  /** `argv[0]` is looked up on the PATH of the run's environment. */
  readonly argv: readonly string[];
  /** A program of Muster's own that starts `argv`, whose first word is looked up all the same; missing: nothing is between. */
  readonly through?: readonly string[];
  /** How to install `argv[0]`, where that is not the provider's usual CLI. */
  readonly install?: string;
  /** Added to the run's environment. No secrets but the token of the run itself. */
  readonly env: Readonly<Record<string, string>>;
  /** `prompt`: the run directory's `prompt.txt` is standard input; `none`: empty standard input. */
  readonly stdin: 'prompt' | 'none';
  /** Text for `prompt.txt`, when it differs from the request's prompt (a system prompt put in front of it). */
  readonly prompt?: string;
  /** More files for the run directory: plain names to contents. */
  readonly files?: Readonly<Record<string, string>>;
}

/** How the CLI's process ended. `code` is missing when a signal ended it. */
export interface ProcessExit {
  readonly code?: number;
  readonly signal?: string;
}

/** What the host has gathered from the events of a run; bounded in size. */
export interface RunDigest {
  readonly conversation?: string;
  /** The CLI's `result`, else the last text. At most 16,384 characters. */
  readonly answer: string;
  readonly errors: readonly { readonly message: string; readonly reason: AgentErrorReason }[];
  readonly sawResult: boolean;
  /** The last lines of standard error, at most 4,096 characters. */
  readonly stderrTail: string;
}

export type RunConclusion =
  /** `conversation` where only the whole output tells it. */
  | { readonly kind: 'succeeded'; readonly answer: string; readonly conversation?: string }
  | { readonly kind: 'failed'; readonly reason: AgentErrorReason; readonly message: string };
