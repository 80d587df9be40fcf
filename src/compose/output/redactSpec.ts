import type { ProjectSpec } from '../projectSpec.js';
import { mapSecrets } from './mapSecrets.js';

/** What stands for a secret wherever people look. */
export const REDACTED = '********';

/** The spec with `********` for each secret; for output only, it cannot be run. */
export function redactSpec(spec: ProjectSpec): ProjectSpec {
  return mapSecrets(spec, text => (text === '' ? '' : REDACTED));
}
