import type { ComposeNode } from '../source/composeNode.js';
import { readYaml } from '../source/readYaml.js';

/** A text and its tree; made once per version of a document and given to the functions of this folder. */
export interface ComposeSource {
  readonly text: string;
  /** Whatever could be read; absent for an empty text. */
  readonly root: ComposeNode | undefined;
}

export function readSource(text: string): ComposeSource {
  return { text, root: readYaml(text).root };
}
