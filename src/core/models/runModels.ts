import type { RunId } from '../../base/ids.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { Run } from '../runs/run.js';
import type { ResolvedEnvironment } from '../runs/runEnvironment.js';
import type { Guest } from '../sandboxes/sandboxDriver.js';

/** Port: gives a run its way to models, when its agent goes through the host. */
export interface RunModels {
  /**
   * Makes a token for the run and takes every key of a model provider out of its environment. Without `llm` the environment is
   * returned as it is. Errors: `model.keyMissing`, `model.upstreamUnknown`.
   */
  open(request: {
    readonly run: Run;
    readonly agent: AgentSpec;
    readonly guest: Guest;
    readonly environment: ResolvedEnvironment;
  }): Promise<OpenedModels>;
  /**
   * Resolves when the last calls of a run are counted whose process has ended, or cannot be for now; `undefined` for one whose calls
   * went through the host, which has counted them.
   */
  lastCalls(run: RunId): Promise<void> | undefined;
}

export interface OpenedModels {
  readonly variables: Readonly<Record<string, string>>;
  /** Missing when the run calls models by what its CLI itself knows. */
  readonly facade?: FacadeAddress;
}

/** Where a run finds its models. */
export interface FacadeAddress {
  /** `http://HOST:PORT` as the run sees it, without a slash at the end. */
  readonly url: string;
  /** The upstream's name, or `facade` when each call decides: for people. */
  readonly via: string;
  /** Stands where the CLI expects a key. It opens nothing but models, and nothing once the run has ended. */
  readonly token: string;
}
