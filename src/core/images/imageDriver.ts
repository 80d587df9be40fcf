import type { DriverSpec } from '../../compose/projectSpec.js';
import type { Image, ImageBuild, ImageRemoval, OnImageStep } from './image.js';

/**
 * Port: the images of the engine that a sandbox driver runs on. Everything throws `sandbox.unavailable` when the engine does not
 * answer, and `image.failed` with what it said when it refuses.
 */
export interface ImageDriver {
  list(engine: DriverSpec): Promise<readonly Image[]>;
  /** `undefined`: the engine does not have it. */
  find(engine: DriverSpec, name: string): Promise<Image | undefined>;
  /** All that the engine says of it. */
  inspect(engine: DriverSpec, name: string): Promise<object | undefined>;
  pull(engine: DriverSpec, request: PullRequest, watching: Watching): Promise<Image>;
  build(engine: DriverSpec, build: ImageBuild, watching: Watching): Promise<Image>;
  remove(engine: DriverSpec, name: string, options: { readonly force: boolean }): Promise<ImageRemoval>;
}

export interface PullRequest {
  readonly name: string;
  /** `os/architecture[/variant]`; missing: the engine's own. */
  readonly platform?: string | undefined;
}

/** Who waits for it. */
export interface Watching {
  readonly onStep?: OnImageStep | undefined;
  readonly signal: AbortSignal;
}
