import type { DriverSpec } from './driverSpec.js';
import type { Misfire, Overlap, SandboxPolicy, TriggerSpec, WorkflowMeta } from './triggerSpec.js';

export type { CacheSpec, DriverSpec, BoxliteSpec, KubernetesSpec, TolerationSpec } from './driverSpec.js';
export type {
  Misfire,
  Overlap,
  PayloadCondition,
  SandboxPolicy,
  TriggerCommon,
  TriggerSpec,
  WorkflowMeta,
} from './triggerSpec.js';

/**
 * The canonical normal form of a compose file: names resolved, both spellings made one, `defaults` merged into
 * each agent, lists sorted by name. Durations are milliseconds. Types only, so that `core` may import them.
 */
export interface ProjectSpec {
  readonly name: string;
  /** Paths that `env_file` names, as written; what is read from them is in the values. */
  readonly envFiles?: readonly string[] | undefined;
  readonly variables: readonly EnvEntry[];
  /** User-defined providers; the built-in ones are not listed. */
  readonly providers: readonly ProviderSpec[];
  readonly agents: readonly AgentSpec[];
  /** Names of agents in the order of the file, for lists. Not part of the normal form; missing where it is the order of names. */
  readonly agentOrder?: readonly string[] | undefined;
  readonly limits: LimitsSpec;
  readonly merge: MergeSpec;
  readonly hooks: readonly HookSpec[];
  readonly workspaces: readonly NamedWorkspaceSpec[];
  readonly mcpServers: readonly McpServerSpec[];
  readonly octobusServers: readonly OctobusServerSpec[];
  readonly volumes: readonly VolumeSpec[];
  readonly network: { readonly mode: 'default' };
}

/**
 * A variable. A plain one carries its resolved value. A secret carries what the file says (`${TOKEN}`, never the
 * value behind it); it is resolved when a run starts.
 */
export type EnvEntry =
  | { readonly name: string; readonly secret: false; readonly value: string }
  | { readonly name: string; readonly secret: true; readonly template: string };

/** How to call a command that Muster does not know. Arguments may hold the templates of `PROVIDER_TEMPLATES`. */
export interface ProviderSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly EnvEntry[];
  /** How the prompt reaches the command. */
  readonly input: 'stdin' | 'file' | 'arg';
  readonly output: ProviderOutputSpec;
  readonly permissions?: Permissions | undefined;
  readonly models: readonly string[];
}

export interface ProviderOutputSpec {
  readonly format: 'text' | 'json' | 'jsonl';
  /** Dotted path to the reply text inside a JSON output. */
  readonly result?: string | undefined;
  /** Dotted path to the conversation id inside a JSON output. */
  readonly conversation?: string | undefined;
}

/** `confined`: the CLI’s own sandbox or edit-only mode; `ask`: a person is asked; `auto`: the CLI asks nobody, which needs consent. */
export type Permissions = 'confined' | 'ask' | 'auto';

export interface AgentSpec {
  readonly name: string;
  readonly enabled: boolean;
  readonly displayName?: string | undefined;
  readonly description?: string | undefined;
  /** A built-in provider (aliases already replaced) or the name of one in `providers`. */
  readonly provider: string;
  readonly model?: string | undefined;
  readonly systemPrompt?: string | undefined;
  readonly image?: string | undefined;
  readonly build?: BuildSpec | undefined;
  readonly driver: DriverSpec;
  readonly env: readonly EnvEntry[];
  /** Extra arguments for the provider's command line. */
  readonly args: readonly string[];
  readonly permissions?: Permissions | undefined;
  /** Its runs may give tasks to agents. */
  readonly mayDispatch?: boolean | undefined;
  /** Wall-clock limit of a run. */
  readonly timeoutMs?: number | undefined;
  /** Longest silence of a run before it is ended. */
  readonly stallTimeoutMs?: number | undefined;
  /** Runs of this agent at the same time. */
  readonly concurrency?: number | undefined;
  readonly workspace: WorkspaceSpec;
  readonly handoff?: HandoffSpec | undefined;
  readonly retries?: RetriesSpec | undefined;
  readonly budget?: BudgetSpec | undefined;
  /** Its runs reach models through the host alone; absent: by what its CLI itself knows, a login or a key. */
  readonly llm?: LlmSpec | undefined;
  readonly resources?: ResourcesSpec | undefined;
  readonly capsetIds: readonly string[];
  readonly mcpServers: readonly McpServerSpec[];
  readonly skills: readonly SkillSpec[];
  readonly volumes: readonly MountSpec[];
  readonly sandbox: {
    readonly stoppedRuntimePolicy: 'retain' | 'remove';
    /** What its container reaches: nothing, everything, or these hosts, `allow-list` among them standing for the usual ones; absent: those alone. */
    readonly network?: 'none' | 'full' | readonly string[] | undefined;
    /** Of a process of this machine: it writes only to its worktree and to the folders of its CLI. */
    readonly process?: 'strict' | undefined;
    /** When its image is fetched; absent: when it is missing. */
    readonly pull?: PullPolicy | undefined;
  };
  readonly jupyter: { readonly enabled: boolean; readonly guestPort: number };
  readonly scheduler?: SchedulerSpec | undefined;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface BuildSpec {
  readonly context: string;
  readonly dockerfile: string;
  readonly target?: string | undefined;
  readonly args: readonly { readonly name: string; readonly value: string }[];
  readonly platforms: readonly string[];
  readonly tags: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
}

export type WorkspaceSpec = WorktreeWorkspace | SharedWorkspace | ThreadWorkspace | FileWorkspace | GitWorkspace;

/** What the project adds to a workspace once its files are there. */
export interface WorkspacePreparation {
  /** Paths and globs of untracked files that are copied from the user's checkout. */
  readonly files: readonly string[];
  /** Shell commands, in order, before the first run. */
  readonly setup: readonly string[];
  /** Shell commands, in order, before the workspace is removed. */
  readonly teardown: readonly string[];
  /** Names of environment variables; each is given a free port. */
  readonly ports: readonly string[];
}

/** A git worktree per thread (the default). */
export interface WorktreeWorkspace extends WorkspacePreparation {
  readonly provider: 'worktree';
  /** Branch, tag or commit to start from; absent = the project's default. */
  readonly base?: string | undefined;
  readonly fetch?: 'auto' | 'always' | 'never' | undefined;
  /** What branch names begin with. */
  readonly branchPrefix?: string | undefined;
  /** More repositories that each thread works in, in the order of the file; absent = none. */
  readonly repos?: readonly RepoSpec[] | undefined;
}

/** Another repository of this machine. */
export interface RepoSpec {
  /** Unlike the others', also in capital letters with `_` for `-`. */
  readonly name: string;
  /** Relative to the folder of the compose file, `/`-separated. */
  readonly path: string;
  readonly base?: string | undefined;
  /** Branch that its changes go to; absent = the base, where that is a branch. */
  readonly target?: string | undefined;
  /** Shell commands that must succeed in it on what would become the targets. */
  readonly verify: readonly string[];
}

/** The user's own checkout. */
export interface SharedWorkspace extends WorkspacePreparation {
  readonly provider: 'shared';
}

/** The workspace of the thread the agent is called on, for reviewers. */
export interface ThreadWorkspace {
  readonly provider: 'thread';
  readonly access: 'read' | 'write';
}

/** A copy of a folder of the project (also spelled `local`). */
export interface FileWorkspace {
  readonly provider: 'file';
  readonly name?: string | undefined;
  readonly path: string;
  readonly target: string;
}

export interface GitWorkspace {
  readonly provider: 'git';
  readonly name?: string | undefined;
  readonly url: string;
  readonly ref?: string | undefined;
  readonly target: string;
  readonly credentials: CredentialsSpec;
}

export type NamedWorkspaceSpec = WorkspaceSpec & { readonly key: string };

/** What the file says: `password` and `token` are one `${NAME}` each, `username` may hold some. */
export interface CredentialsSpec {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

export interface HandoffSpec {
  /** Agents that get the reply, one after the other. */
  readonly onResponse: readonly string[];
  readonly prompt?: string | undefined;
  readonly maxDepth: number;
  /** With several targets: `all` hears each of them, `any` the first that has a verdict, `none` sends nothing back. */
  readonly join: 'all' | 'any' | 'none';
  /** Agent that takes the task over when this one fails. */
  readonly onFailure?: string | undefined;
}

export interface RetriesSpec {
  readonly max: number;
  readonly backoffMs: number;
}

/** How the runs of an agent reach models through the host. */
export interface LlmSpec {
  /** Name of an upstream of this machine; absent: the usual one of the API that the CLI speaks. */
  readonly upstream?: string | undefined;
  /** The only models that may be called, `*` standing for any text; none: every one. */
  readonly models: readonly string[];
}

/** Where calls of models stop: of a thread, of one run, and of all of the agent's runs of a day. */
export interface BudgetSpec {
  readonly usd?: number | undefined;
  readonly tokens?: number | undefined;
  readonly usdPerRun?: number | undefined;
  readonly tokensPerRun?: number | undefined;
  readonly usdPerDay?: number | undefined;
  readonly tokensPerDay?: number | undefined;
}

export interface ResourcesSpec {
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Processes and threads. */
  readonly pids?: number | undefined;
  /** Written outside of volumes and mounted folders. */
  readonly diskBytes?: number | undefined;
}

export interface LimitsSpec {
  /** Runs of the whole project at the same time. */
  readonly concurrency?: number | undefined;
  /** Runs that may wait; the next dispatch is refused. */
  readonly queued?: number | undefined;
  /** What all runs of the project may spend in a day. */
  readonly usdPerDay?: number | undefined;
  readonly tokensPerDay?: number | undefined;
}

export type MergeStrategy = 'merge' | 'squash' | 'rebase';

export interface MergeSpec {
  /** Branch that work lands on; absent = the branch the thread started from. */
  readonly target?: string | undefined;
  readonly strategy: MergeStrategy;
  /** Shell commands that must succeed on the merged result. */
  readonly verify: readonly string[];
  /** Threads that are verified and landed together. */
  readonly batch: number;
  /** What reviewing agents approved lands without a person; absent = only people ask for merges. */
  readonly auto?: true | undefined;
  /** Address that the target is pushed to when something has landed on it; absent = nothing is pushed. */
  readonly push?: string | undefined;
  /** The worktree goes when its thread has landed; absent = it stays until somebody cleans up. */
  readonly removeWorktree?: true | undefined;
}

/** What a hook hears of: a run began, ended in any way; a thread was closed, or said to have failed; a merge ended in any way. */
export type HookEvent = 'run_started' | 'run_finished' | 'thread_closed' | 'thread_failed' | 'merge_finished';

export interface HookSpec {
  readonly event: HookEvent;
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly env: readonly EnvEntry[];
  /** Top-level field of the event → text it must equal. */
  readonly filter: readonly { readonly name: string; readonly value: string }[];
}

export interface SchedulerSpec {
  readonly enabled: boolean;
  readonly displayName?: string | undefined;
  readonly description?: string | undefined;
  readonly sandboxPolicy: SandboxPolicy;
  readonly concurrencyPolicy: 'skip' | 'parallel';
  /** Holds for triggers that say nothing of their own; missing: {@link concurrencyPolicy}, and a queue for events. */
  readonly overlap?: Overlap | undefined;
  readonly misfire?: Misfire | undefined;
  readonly triggers: readonly TriggerSpec[];
  readonly script?: ScriptSpec | undefined;
  /** What the script came to when it was applied. Not of the file: whoever applies it evaluates the script. */
  readonly registered?: RegisteredScript | undefined;
}

/** A script as it was when its file was applied. */
export interface RegisteredScript {
  readonly text: string;
  /** Of the text, hexadecimal. */
  readonly sha256: string;
  readonly hasMain: boolean;
  /** Where it was fetched from. */
  readonly source?: FetchedScriptSpec | undefined;
  /** It is a workflow; that it can be called as a whole says `hasMain`. */
  readonly workflow?: WorkflowMeta | undefined;
  /** Each has a name: the one by which its callback is found. */
  readonly triggers: readonly TriggerSpec[];
}

/** JavaScript of a scheduler: in the file, or where to get it. */
export type ScriptSpec =
  | { readonly provider: 'inline'; readonly text: string }
  | { readonly provider: 'file'; readonly path: string }
  | FetchedScriptSpec;

/** A script that somebody else keeps. */
export type FetchedScriptSpec =
  | { readonly provider: 'http'; readonly url: string; readonly credentials: CredentialsSpec }
  | {
      readonly provider: 'git';
      readonly url: string;
      readonly path: string;
      readonly ref?: string | undefined;
      readonly credentials: CredentialsSpec;
    };

export type McpServerSpec =
  | {
      readonly name: string;
      readonly type: 'local';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: readonly EnvEntry[];
    }
  | {
      readonly name: string;
      readonly type: 'remote';
      readonly transport: 'sse' | 'http';
      readonly url: string;
      readonly headers: readonly EnvEntry[];
    };

export interface SkillSpec {
  readonly name: string;
  readonly provider: 'file' | 'http' | 'git';
  readonly url?: string | undefined;
  readonly path?: string | undefined;
  readonly ref?: string | undefined;
  readonly format?: string | undefined;
  readonly credentials: CredentialsSpec;
}

export interface OctobusServerSpec {
  readonly name: string;
  readonly url: string;
  /** What the file says; resolved when it is needed. */
  readonly token?: string | undefined;
}

export interface VolumeSpec {
  readonly key: string;
  readonly name: string;
  readonly driver: 'local';
  readonly external: boolean;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly options: readonly { readonly name: string; readonly value: string }[];
}

export interface MountSpec {
  readonly type: 'volume' | 'bind';
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}
