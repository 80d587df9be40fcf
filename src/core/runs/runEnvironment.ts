import type { AgentSpec } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';
import type { Run } from './run.js';

/**
 * Port: the environment of a run = the user's login shell + the dispatching client's provider variables + project variables +
 * the agent's own. Never that of whoever happened to start the host.
 */
export interface RunEnvironment {
  /** Errors: `request.invalid` naming the variable when a secret's value is nowhere to be found. */
  resolve(request: EnvironmentRequest, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Keeps a client's variables for the runs of a thread, in memory only. */
  remember(thread: Run['threadId'], variables: Readonly<Record<string, string>>): void;
}

export interface EnvironmentRequest {
  readonly project: Project;
  readonly agent: AgentSpec;
  readonly run: Run;
}

/** Port: values in a provider's command that only the host knows. */
export interface CommandPlaceholders {
  /** Replaces `{{node}}` and `{{dist}}`; returns what must be added to the environment with it. */
  fill(argv: readonly string[]): { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };
  readonly asRoot: boolean;
}
