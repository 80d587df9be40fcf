import { resolveText } from './normalize/interpolate.js';
import type { EnvEntry } from './projectSpec.js';
import { child } from './source/composeNode.js';
import { readComposeText, type ComposeText } from './source/composeText.js';
import { textsOf } from './normalize/normalizeContext.js';

export interface EnvFileList {
  /** Paths as written, relative to the compose file; a later one wins. Each must exist. */
  readonly named: readonly string[];
  /** No `env_file` in the file: `.env` beside the compose file, else in the working folder, is used if it exists. */
  readonly useDefault: boolean;
}

/** Which env files to read before `parseCompose`. */
export function envFilesOf(source: string | ComposeText): EnvFileList {
  const { yaml } = typeof source === 'string' ? readComposeText(source) : source;
  const node = child(yaml.root, 'env_file');
  return { named: textsOf(node), useDefault: node === undefined || (node.kind === 'scalar' && node.isNull) };
}

/** Lookup over env files (later wins) below the process environment (wins over all). */
export function layeredEnv(
  files: readonly ReadonlyMap<string, string>[],
  processEnv: (name: string) => string | undefined,
): (name: string) => string | undefined {
  return name => processEnv(name) ?? files.findLast(file => file.has(name))?.get(name);
}

/** The value of an entry for a run; secrets take their references from `env`. */
export function resolveEntry(entry: EnvEntry, env: (name: string) => string | undefined): string {
  return entry.secret ? resolveText(entry.template, env) : entry.value;
}
