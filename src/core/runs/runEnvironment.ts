import type { AgentSpec } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { Run } from './run.js';
import type { Guest, SearchedPath } from '../sandboxes/sandboxDriver.js';

/**
 * Port: the environment of a run = the user's login shell + the dispatching client's variables (its PATH comes first) + project
 * variables + the agent's own. Never that of whoever happened to start the host.
 */
export interface RunEnvironment {
  /** Errors: `request.invalid` naming the variable when a secret's value is nowhere to be found. */
  resolve(request: EnvironmentRequest, signal: AbortSignal): Promise<ResolvedEnvironment>;
  /** The same for what runs beside the thread's runs, such as its notebooks. Its secrets are those of the agent. */
  ofThread(
    request: ThreadEnvironmentRequest,
    signal: AbortSignal,
  ): Promise<Pick<ResolvedEnvironment, 'variables' | 'searched'>>;
  /** Keeps a client's variables for the runs of a thread, in memory only. */
  remember(thread: Run['threadId'], variables: Readonly<Record<string, string>>): void;
  /** Gives a thread what another one has: an agent that dispatches does not choose where the next one finds its programs. */
  inherit(from: Run['threadId'], thread: Run['threadId']): void;
}

export interface ResolvedEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** What PATH was put together from. */
  readonly searched: readonly SearchedPath[];
  /** What a process of this machine would have: for the host's own calls, never for the run. */
  readonly machine: Readonly<Record<string, string>>;
  /** Values that the run must not show; they are remembered already. */
  readonly secrets: readonly string[];
}

export interface EnvironmentRequest {
  readonly project: Project;
  readonly agent: AgentSpec;
  readonly run: Run;
  /** Where it runs: into an isolated one nothing of the login shell and the client goes, only what the compose file names. */
  readonly guest: Guest;
}

export interface ThreadEnvironmentRequest {
  readonly project: Project;
  /** Name of the agent; one that is no longer in the compose file adds nothing. */
  readonly agent: string;
  readonly thread: { readonly id: Run['threadId'] };
  /** As with {@link EnvironmentRequest.guest}. */
  readonly isolated: boolean;
}

/** Port: values in a provider's command that only the host knows. */
export interface CommandPlaceholders {
  /** Replaces `{{node}}` and `{{dist}}` by what they are inside; returns what must be added to the environment with it. */
  fill(
    argv: readonly string[],
    guest: Guest,
  ): { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };
}
