import { isBranchPrefix } from '../../base/branchPrefix.js';
import type { CredentialsSpec, NamedWorkspaceSpec, WorkspacePreparation, WorkspaceSpec } from '../projectSpec.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, entryOf, joinPath } from '../source/composeNode.js';
import { appendFieldFix } from '../source/textEdits.js';
import type { Span } from '../source/textPosition.js';
import type { NormalizeContext } from './normalizeContext.js';
import { cleanRelativePath } from './paths.js';
import { repos } from './repos.js';
import {
  compareText,
  entriesOf,
  refuse,
  refuseUndefined,
  optionalWordAt,
  textAt,
  textOf,
  textsOf,
  wordAt,
} from './normalizeContext.js';

export type WorkspaceProviderName = WorkspaceSpec['provider'];

/** Which fields mean something for which provider. */
const FIELDS_OF: Readonly<Record<WorkspaceProviderName, readonly string[]>> = {
  worktree: ['base', 'fetch', 'branch_prefix', 'repos', 'files', 'setup', 'teardown', 'ports'],
  shared: ['files', 'setup', 'teardown', 'ports'],
  thread: ['access'],
  file: ['path', 'target'],
  git: ['url', 'ref', 'branch', 'path', 'target', 'username', 'password', 'token'],
};

export const DEFAULT_WORKSPACE: WorkspaceSpec = { provider: 'worktree', files: [], setup: [], teardown: [], ports: [] };

export function namedWorkspaces(
  context: NormalizeContext,
  node: ComposeNode | undefined,
): readonly NamedWorkspaceSpec[] {
  return entriesOf(node)
    .map(entry => {
      const workspace = inlineWorkspace(context, entry.value, entry.keySpan);
      return workspace && { key: entry.key, ...workspace };
    })
    .filter(workspace => workspace !== undefined)
    .sort((a, b) => compareText(a.key, b.key));
}

/** Workspace of an agent: a reference to a named one, or its own. */
export function agentWorkspace(
  context: NormalizeContext,
  node: ComposeNode,
  named: readonly NamedWorkspaceSpec[],
  declared: ReadonlySet<string>,
): WorkspaceSpec | undefined {
  if (node.kind !== 'mapping') return undefined;
  if (node.entries.length === 0) {
    refuse(context, { code: 'compose.missingField', path: node.path, span: node.span, text: 'workspace is required' });
    return undefined;
  }
  const name = textAt(node, 'name');
  const others = node.entries.filter(entry => entry.key !== 'name');
  if (name === undefined || others.length > 0)
    return inlineWorkspace(context, node, node.entries[0]?.keySpan ?? node.span);
  if (!declared.has(name)) {
    const nameNode = child(node, 'name') ?? node;
    refuseUndefined(context, { what: 'workspace', name, known: declared, node: nameNode });
    return undefined;
  }
  const found = named.find(workspace => workspace.key === name);
  if (!found) return undefined;
  const { key, ...workspace } = found;
  return workspace.provider === 'file' || workspace.provider === 'git'
    ? { ...workspace, name: workspace.name ?? key }
    : workspace;
}

export function inlineWorkspace(context: NormalizeContext, node: ComposeNode, anchor: Span): WorkspaceSpec | undefined {
  if (node.kind !== 'mapping') return undefined;
  const provider = providerOf(context, node, anchor);
  if (provider === undefined) return undefined;
  refuseForeignFields(context, node, provider);
  switch (provider) {
    case 'worktree':
      return {
        provider,
        base: textAt(node, 'base'),
        fetch: optionalWordAt(node, 'fetch', ['auto', 'always', 'never']),
        branchPrefix: branchPrefix(context, node),
        repos: repos(context, child(node, 'repos')),
        ...preparation(node),
      };
    case 'shared':
      return { provider, ...preparation(node) };
    case 'thread':
      return { provider, access: wordAt(node, 'access', ['read', 'write']) };
    case 'file':
      return fileWorkspace(context, node, anchor);
    case 'git':
      return gitWorkspace(context, node, anchor);
  }
}

function branchPrefix(context: NormalizeContext, node: MappingNode): string | undefined {
  const prefix = textAt(node, 'branch_prefix');
  if (prefix === undefined || isBranchPrefix(prefix)) return prefix;
  const at = child(node, 'branch_prefix') ?? node;
  refuse(context, {
    path: at.path,
    span: at.span,
    text: `branch_prefix ${JSON.stringify(prefix)} is not the beginning of a branch name`,
  });
  return undefined;
}

function providerOf(context: NormalizeContext, node: MappingNode, anchor: Span): WorkspaceProviderName | undefined {
  const written = textAt(node, 'provider')?.toLowerCase();
  if (written === undefined) {
    const source = ['url', 'path'].find(key => textAt(node, key) !== undefined);
    if (source === undefined) return 'worktree';
    refuse(context, {
      code: 'compose.missingField',
      path: joinPath(node.path, 'provider'),
      span: anchor,
      text: 'workspace provider is required',
      fix: appendFieldFix(context.text, node, { name: 'provider', value: source === 'url' ? 'git' : 'file' }),
    });
    return undefined;
  }
  switch (written) {
    case 'worktree':
    case 'shared':
    case 'thread':
    case 'file':
    case 'git':
      return written;
    case 'local':
      return 'file';
    default:
      return undefined;
  }
}

function refuseForeignFields(context: NormalizeContext, node: MappingNode, provider: WorkspaceProviderName): void {
  for (const entry of node.entries) {
    if (entry.key === 'provider' || entry.key === 'name' || FIELDS_OF[provider].includes(entry.key)) continue;
    const known = Object.values(FIELDS_OF).some(fields => fields.includes(entry.key)) || entry.key === 'format';
    if (!known || (entry.value.kind === 'scalar' && textOf(entry.value) === undefined)) continue;
    const text = `${entry.key} is not supported by a ${provider} workspace`;
    refuse(context, { code: 'compose.exclusive', path: entry.value.path, span: entry.keySpan, text });
  }
}

function preparation(node: MappingNode): WorkspacePreparation {
  return {
    files: textsOf(child(node, 'files')),
    setup: textsOf(child(node, 'setup')),
    teardown: textsOf(child(node, 'teardown')),
    ports: textsOf(child(node, 'ports')),
  };
}

function fileWorkspace(context: NormalizeContext, node: MappingNode, anchor: Span): WorkspaceSpec | undefined {
  const path = textAt(node, 'path');
  if (path === undefined) {
    const text = 'file workspace path is required';
    refuse(context, { code: 'compose.missingField', path: joinPath(node.path, 'path'), span: anchor, text });
    return undefined;
  }
  const checked = relativePath(context, node, 'path', `file workspace path "${path}"`);
  const target = relativePath(context, node, 'target', 'workspace target');
  return { provider: 'file', name: textAt(node, 'name'), path: checked ?? '.', target: target ?? '.' };
}

function gitWorkspace(context: NormalizeContext, node: MappingNode, anchor: Span): WorkspaceSpec | undefined {
  refusePair(context, node, 'ref', 'branch');
  refusePair(context, node, 'target', 'path');
  const url = gitUrl(context, node, anchor, 'git workspace url is required');
  if (url === undefined) return undefined;
  const targetKey = textAt(node, 'target') === undefined ? 'path' : 'target';
  return {
    provider: 'git',
    name: textAt(node, 'name'),
    url,
    ref: textAt(node, 'ref') ?? textAt(node, 'branch'),
    target: relativePath(context, node, targetKey, 'workspace target') ?? '.',
    credentials: credentials(context, node),
  };
}

/** Both spellings of one thing at once. */
function refusePair(context: NormalizeContext, node: MappingNode, key: string, older: string): void {
  const entry = entryOf(node, older);
  if (!entry || textAt(node, key) === undefined || textAt(node, older) === undefined) return;
  const text = `${older} and ${key} say the same thing; keep one of them`;
  refuse(context, { code: 'compose.exclusive', path: entry.value.path, span: entry.keySpan, text });
}

/** Address of a repository: http, https, ssh, git or file, `user@host:path`, or a path. */
export function gitUrl(
  context: NormalizeContext,
  node: MappingNode,
  anchor: Span,
  missing: string,
): string | undefined {
  const url = textAt(node, 'url');
  const urlNode = child(node, 'url');
  if (url === undefined || !urlNode) {
    refuse(context, { code: 'compose.missingField', path: joinPath(node.path, 'url'), span: anchor, text: missing });
    return undefined;
  }
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:([^/@]*)@)?/.exec(url);
  const scheme = parts?.[1]?.toLowerCase();
  if (scheme !== undefined && !['http', 'https', 'ssh', 'git', 'file'].includes(scheme)) {
    const text = `url scheme must be http, https, ssh, git or file, got "${scheme}"`;
    refuse(context, { path: urlNode.path, span: urlNode.span, text });
  }
  const user = parts?.[2];
  if (user !== undefined && (scheme !== 'ssh' || user.includes(':'))) {
    const text = 'url must not contain a user name or password; use username, password or token';
    refuse(context, { path: urlNode.path, span: urlNode.span, text });
  }
  return url;
}

/** A path below the folder it starts from; `what` begins the message. */
export function relativePath(
  context: NormalizeContext,
  node: MappingNode,
  key: string,
  what: string,
): string | undefined {
  const path = textAt(node, key);
  const pathNode = child(node, key);
  if (path === undefined || !pathNode) return undefined;
  if (/^([/\\~]|[A-Za-z]:)/.test(path)) {
    refuse(context, { path: pathNode.path, span: pathNode.span, text: `${what} must be relative` });
    return undefined;
  }
  // A backslash is part of a name here and a separator on Windows: it is kept, and leads outside nowhere.
  if (climbsOut(path) || climbsOut(path.replaceAll('\\', '/'))) {
    refuse(context, { path: pathNode.path, span: pathNode.span, text: `${what} escapes project source root` });
    return undefined;
  }
  return cleanRelativePath(path);
}

function climbsOut(path: string): boolean {
  return cleanRelativePath(path).split('/')[0] === '..';
}

/**
 * What the file says. `password` and `token` must be one `${NAME}` each; a `username` may be one, because tokens are often
 * sent as it. What is behind the names is asked for when something is fetched.
 */
export function credentials(context: NormalizeContext, node: MappingNode): CredentialsSpec {
  for (const key of ['password', 'token']) {
    const valueNode = child(node, key);
    const text = textOf(valueNode);
    if (!valueNode || text === undefined || /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text)) continue;
    const message = `${key} must be an environment reference like \${NAME}`;
    refuse(context, { path: valueNode.path, span: valueNode.span, text: message });
  }
  return {
    username: textAt(node, 'username'),
    password: textAt(node, 'password'),
    token: textAt(node, 'token'),
  };
}
