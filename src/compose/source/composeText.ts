import { readYaml, type YamlReading } from './readYaml.js';

/** A compose file's text with its tree, read once for whoever needs it. */
export interface ComposeText {
  readonly text: string;
  readonly yaml: YamlReading;
}

/** Never throws. */
export function readComposeText(text: string): ComposeText {
  return { text, yaml: readYaml(text) };
}
