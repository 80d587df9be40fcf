import type { ComposeNode } from '../source/composeNode.js';
import { optionalWordAt } from './normalizeContext.js';

/** `reuse` is what scripts may call `sticky`, too. */
export function sandboxPolicyAt(node: ComposeNode | undefined): 'new' | 'sticky' | undefined {
  const word = optionalWordAt(node, 'sandbox_policy', ['new', 'sticky', 'reuse']);
  return word === 'reuse' ? 'sticky' : word;
}
