import type { ProjectSpec } from '../projectSpec.js';
import { referencedNames } from '../normalize/interpolate.js';
import { canonicalJson } from './canonicalText.js';
import { mapSecrets } from './mapSecrets.js';

export interface SpecHashOptions {
  /** Lower-case hex digest of the UTF-8 text. */
  readonly sha256: (text: string) => string;
  /**
   * Digest with a key of this machine, for secrets that stand in the file: a plain hash of a short one could be
   * guessed. References (`${NAME}`) need none.
   */
  readonly secretDigest?: ((secret: string) => string) | undefined;
}

/** `sha256:` and the hex digest of the unredacted canonical JSON; equal for equal meaning. */
export function specHash(spec: ProjectSpec, options: SpecHashOptions): string {
  const { sha256, secretDigest } = options;
  const hashed =
    secretDigest === undefined
      ? spec
      : mapSecrets(spec, text => (referencedNames(text).length > 0 ? text : secretDigest(text)));
  // Not part of the normal form, but of what a person agrees to.
  const { envFiles = [] } = spec;
  const files = envFiles.length === 0 ? '' : `\n${JSON.stringify(envFiles)}`;
  const sources = hashed.agents.flatMap(({ scheduler }) => scheduler?.registered?.source ?? []);
  const fetched = sources.length === 0 ? '' : `\n${JSON.stringify(sources)}`;
  return `sha256:${sha256(canonicalJson(hashed, { redacted: false }) + files + fetched)}`;
}
