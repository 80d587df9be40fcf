import { repoVariable } from '../../base/repoVariable.js';
import type { RepoSpec } from '../projectSpec.js';
import { IDENTIFIER } from '../schema/shape.js';
import type { ComposeNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import type { NormalizeContext } from './normalizeContext.js';
import { itemsOf, refuse, textAt, textsOf } from './normalizeContext.js';
import { cleanRelativePath } from './paths.js';

/** The repositories of a workspace besides the project's own; undefined for none. */
export function repos(context: NormalizeContext, node: ComposeNode | undefined): readonly RepoSpec[] | undefined {
  const found: RepoSpec[] = [];
  for (const item of itemsOf(node)) {
    const repo = repoOf(context, item);
    if (repo === undefined) continue;
    refuseTwice(context, item, repo, found);
    found.push(repo);
  }
  return found.length === 0 ? undefined : found;
}

function repoOf(context: NormalizeContext, item: ComposeNode): RepoSpec | undefined {
  const written = textAt(item, 'path');
  const pathNode = child(item, 'path');
  if (written === undefined || !pathNode) return undefined;
  if (/^([/\\~]|[A-Za-z]:)/.test(written)) {
    const text = `path "${written}" must be relative to the compose file`;
    refuse(context, { path: pathNode.path, span: pathNode.span, text });
    return undefined;
  }
  const path = cleanRelativePath(written);
  const name = textAt(item, 'as') ?? path.split('/').at(-1)?.toLowerCase() ?? '';
  if (!new RegExp(IDENTIFIER, 'u').test(name)) {
    const text = `"${name}" is no name for a repository; give it one with \`as\``;
    refuse(context, { code: 'compose.missingField', path: pathNode.path, span: pathNode.span, text });
    return undefined;
  }
  return {
    name,
    path,
    base: textAt(item, 'base'),
    target: textAt(item, 'target'),
    verify: textsOf(child(item, 'verify')),
  };
}

function refuseTwice(context: NormalizeContext, item: ComposeNode, repo: RepoSpec, others: readonly RepoSpec[]): void {
  const same = others.find(other => other.path === repo.path);
  const namesake = others.find(other => repoVariable(other.name) === repoVariable(repo.name));
  if (!same && !namesake) return;
  const text = same
    ? `the repository "${repo.path}" is there twice`
    : `two repositories are called "${repo.name}"; give one of them another name with \`as\``;
  const at = child(item, same ? 'path' : 'as') ?? item;
  refuse(context, { code: 'compose.duplicateName', path: at.path, span: at.span, text });
}
