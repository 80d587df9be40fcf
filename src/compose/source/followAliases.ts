import type { ComposeNode, MappingEntry } from './composeNode.js';
import { joinPath } from './composeNode.js';
import type { SyntaxProblem } from './readYaml.js';

/** A file that says more than this through its aliases is a bomb, not a file. */
const maxNodes = 50_000;

/**
 * The tree with every alias in place of what it stands for, and with `<<: *base` (or a list of them) merged in: the mapping's own
 * keys win, and of several bases the first. What is merged or repeated keeps the place where it is written.
 */
export function followAliases(root: ComposeNode): {
  readonly root: ComposeNode;
  readonly problem?: SyntaxProblem;
} {
  let nodes = 0;
  // Counted is what stands there through an alias: what a file says itself is as long as the file.
  const follow = (node: ComposeNode, path: string, repeated = false): ComposeNode => {
    if (repeated && ++nodes > maxNodes) return { kind: 'alias', path, span: node.span };
    switch (node.kind) {
      case 'alias':
        // Without a target it is refused where it stands.
        return node.target ? follow(node.target(path), path, true) : node;
      case 'scalar':
        return node;
      case 'sequence':
        return { ...node, items: node.items.map((item, index) => follow(item, `${path}[${index}]`, repeated)) };
      case 'mapping':
        return {
          ...node,
          entries: merged(
            node.entries.map(entry => followed(entry, path, repeated)),
            path,
          ),
        };
    }
  };
  const followed = (entry: MappingEntry, path: string, repeated: boolean): MappingEntry => ({
    ...entry,
    value: follow(entry.value, joinPath(path, entry.key), repeated),
  });
  const followedRoot = follow(root, root.path);
  if (nodes <= maxNodes) return { root: followedRoot };
  const text = `the aliases of this file stand for more than ${maxNodes} values`;
  return { root, problem: { code: 'compose.tooLarge', severity: 'error', text, span: root.span } };
}

/** Entries with those of `<<` behind them, where their keys are not taken. */
function merged(entries: readonly MappingEntry[], path: string): readonly MappingEntry[] {
  if (!entries.some(isMerge)) return entries;
  const own = entries.filter(entry => !isMerge(entry));
  const taken = new Set(own.map(entry => entry.key));
  const added: MappingEntry[] = [];
  for (const { value } of entries.filter(isMerge)) {
    const bases = value.kind === 'sequence' ? value.items : [value];
    for (const base of bases) {
      if (base.kind !== 'mapping') continue;
      for (const entry of base.entries) {
        if (taken.has(entry.key)) continue;
        taken.add(entry.key);
        added.push({ ...entry, value: withPath(entry.value, joinPath(path, entry.key)) });
      }
    }
  }
  // What cannot be merged stays, and is said to be unknown.
  const left = entries.filter(entry => isMerge(entry) && !isMergeable(entry.value));
  return [...own, ...added, ...left];
}

function isMerge(entry: MappingEntry): boolean {
  return entry.keyIsScalar && entry.key === '<<';
}

function isMergeable(value: ComposeNode): boolean {
  return value.kind === 'mapping' || (value.kind === 'sequence' && value.items.every(item => item.kind === 'mapping'));
}

/** Problems of what was merged are told at the field where it counts. */
function withPath(node: ComposeNode, path: string): ComposeNode {
  switch (node.kind) {
    case 'mapping':
      return {
        ...node,
        path,
        entries: node.entries.map(entry => ({ ...entry, value: withPath(entry.value, joinPath(path, entry.key)) })),
      };
    case 'sequence':
      return { ...node, path, items: node.items.map((item, index) => withPath(item, `${path}[${index}]`)) };
    case 'scalar':
    case 'alias':
      return { ...node, path };
  }
}
