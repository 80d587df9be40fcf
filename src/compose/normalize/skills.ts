import type { SkillSpec } from '../projectSpec.js';
import { IDENTIFIER } from '../schema/shape.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, entryOf, joinPath } from '../source/composeNode.js';
import { interpolatedAt } from './interpolate.js';
import type { NormalizeContext } from './normalizeContext.js';
import { byName, itemsOf, refuse, textAt } from './normalizeContext.js';
import { credentials } from './workspace.js';

const PROVIDERS = ['file', 'http', 'git'] as const;

/** What each provider has no use for; a value there is refused. */
const UNUSED: Readonly<Record<SkillSpec['provider'], readonly string[]>> = {
  file: ['url', 'ref', 'username', 'password', 'token'],
  http: ['ref'],
  git: ['format'],
};

export function skills(context: NormalizeContext, node: ComposeNode | undefined): readonly SkillSpec[] {
  const seen = new Set<string>();
  const found: SkillSpec[] = [];
  for (const item of itemsOf(node)) {
    const skill = item.kind === 'mapping' ? skillOf(context, item) : undefined;
    if (!skill) continue;
    if (seen.has(skill.name)) {
      refuse(context, {
        code: 'compose.duplicateName',
        path: joinPath(item.path, 'name'),
        span: child(item, 'name')?.span ?? item.span,
        text: `duplicate skill "${skill.name}"`,
      });
    }
    seen.add(skill.name);
    found.push(skill);
  }
  return byName(found);
}

/** The name that a skill has when none is written: the last part of its folder or address, in the letters of a name. */
export function skillName(url: string | undefined, path: string | undefined): string {
  const source = (path ?? url ?? '')
    .replace(/\/+$/, '')
    .replace(/\.zip$/, '')
    .replace(/\.git$/, '');
  const last = source.slice(source.lastIndexOf('/') + 1).toLowerCase();
  return last.replace(/[^a-z0-9_-]/g, '-').replace(/^[-_]+|[-_]+$/g, '');
}

function skillOf(context: NormalizeContext, node: MappingNode): SkillSpec | undefined {
  const providerNode = child(node, 'provider');
  const written = interpolatedAt(context, node, 'provider');
  const provider = PROVIDERS.find(known => known === written?.toLowerCase());
  if (providerNode && written !== undefined && provider === undefined && context.valuesUnknown !== true) {
    const text = `skill provider must be file, http or git, got "${written}"`;
    refuse(context, { path: providerNode.path, span: providerNode.span, text });
  }
  const url = interpolatedAt(context, node, 'url');
  const path = interpolatedAt(context, node, 'path');
  const name = interpolatedAt(context, node, 'name') ?? skillName(url, path);
  if (provider === undefined) return undefined;
  const skill: SkillSpec = {
    name,
    provider,
    url,
    path,
    ref: interpolatedAt(context, node, 'ref'),
    format: interpolatedAt(context, node, 'format')?.toLowerCase(),
    credentials: credentials(context, node),
  };
  checkSource(context, node, skill);
  checkName(context, node, name);
  return skill;
}

/** It becomes a folder beside the other skills, so nothing of a path may be in it. */
function checkName(context: NormalizeContext, node: MappingNode, name: string): void {
  if (new RegExp(IDENTIFIER, 'u').test(name) || context.valuesUnknown === true) return;
  const nameNode = textAt(node, 'name') === undefined ? undefined : child(node, 'name');
  const text = nameNode
    ? `skill name must match ${IDENTIFIER}`
    : `the name "${name}" that is made from the source does not match ${IDENTIFIER}; write a name`;
  refuse(context, { path: joinPath(node.path, 'name'), span: nameNode?.span ?? anchorOf(node), text });
}

function checkSource(context: NormalizeContext, node: MappingNode, skill: SkillSpec): void {
  const { provider, format } = skill;
  const needed = provider === 'file' ? 'path' : 'url';
  if (skill[needed] === undefined) {
    const text = `${needed} is required for ${provider} skill`;
    const path = joinPath(node.path, needed);
    refuse(context, { code: 'compose.missingField', path, span: anchorOf(node), text });
  }
  for (const key of UNUSED[provider]) {
    const entry = entryOf(node, key);
    if (!entry || textAt(node, key) === undefined) continue;
    const text = `${key} is not supported by a ${provider} skill`;
    refuse(context, { code: 'compose.exclusive', path: entry.value.path, span: entry.keySpan, text });
  }
  const mustBeZip = provider === 'http' || (provider === 'file' && format !== undefined);
  if (mustBeZip && format !== 'zip') {
    const span = child(node, 'format')?.span ?? anchorOf(node);
    refuse(context, { path: joinPath(node.path, 'format'), span, text: `format must be zip for ${provider} skill` });
  }
}

function anchorOf(node: MappingNode): { readonly start: number; readonly end: number } {
  return { start: node.span.start, end: node.span.start + 1 };
}
