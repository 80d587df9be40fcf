import { ProblemList } from '../../diagnostic.js';
import { withoutLeftOut } from '../../leftOut.js';
import type { ComposeOptions } from '../../parseCompose.js';
import { compareText } from '../../normalize/normalizeContext.js';
import { project } from '../../schema/projectFields.js';
import { readComposeText, type ComposeText } from '../../source/composeText.js';
import { fieldsBeyond } from './fieldsBeyond.js';
import { compareGoKeys } from './goKeyOrder.js';
import { goJson, goYaml } from './goText.js';
import { headForm } from './headForm.js';
import { seedForm } from './seedForm.js';

export interface EraTextOptions extends ComposeOptions {
  /** Which of agent-compose's two command lines prints: with sessions (seed) or with sandboxes (head). */
  readonly era: 'head' | 'seed';
  /** Absolute folder of the compose file. */
  readonly folder: string;
  readonly format: 'yaml' | 'json';
  /** Contents of script files by their path as the file has it; the newer agent-compose prints them in place of the source. */
  readonly scripts?: ReadonlyMap<string, string> | undefined;
}

export interface EraText {
  /** Block style YAML with a newline at its end, or one line of JSON without. */
  readonly text: string;
  /** Paths of fields that the era does not know; they are not in the text. */
  readonly leftOut: readonly string[];
}

/** The normal form of a file that {@link parseCompose} found valid, as that era of agent-compose prints it. Secrets are hidden. */
export function eraText(source: string | ComposeText, options: EraTextOptions): EraText {
  const { text, yaml } = typeof source === 'string' ? readComposeText(source) : source;
  const read = yaml.root && withoutLeftOut(yaml.root, project);
  if (read?.kind !== 'mapping') throw new Error('Only a valid file has a normal form');
  const { era, folder, format, scripts } = options;
  const compareKeys = format === 'yaml' ? compareGoKeys : compareText;
  const input = { context: { ...options, text, problems: new ProblemList() }, folder, compareKeys, scripts };
  const form = era === 'head' ? headForm(read, input) : seedForm(read, input);
  return { text: format === 'yaml' ? goYaml(form) : goJson(form), leftOut: fieldsBeyond(read, era) };
}
