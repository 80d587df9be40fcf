import type { ProviderSpec } from '../projectSpec.js';
import { builtInProvider, builtInProviders, DEFAULT_PROVIDER } from '../schema/providerNames.js';
import { nearest } from '../nearest.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, joinPath } from '../source/composeNode.js';
import { envEntries } from './interpolate.js';
import type { NormalizeContext } from './normalizeContext.js';
import {
  argumentsAt,
  byName,
  entriesOf,
  itemsOf,
  optionalWordAt,
  rawText,
  refuse,
  textAt,
  textOf,
  textsOf,
  wordAt,
} from './normalizeContext.js';

/** What may stand in `{{…}}` in the arguments of a user-defined provider. */
export const PROVIDER_TEMPLATES = ['model', 'prompt_file', 'conversation', 'prompt'] as const;

export function userProviders(context: NormalizeContext, node: ComposeNode | undefined): readonly ProviderSpec[] {
  const found: ProviderSpec[] = [];
  for (const entry of entriesOf(node)) {
    if (builtInProvider(entry.key)) {
      const text = `provider "${entry.key}" is built in; choose another name`;
      refuse(context, { code: 'compose.duplicateName', path: entry.value.path, span: entry.keySpan, text });
    }
    if (entry.value.kind === 'mapping') found.push(userProvider(context, entry.key, entry.value));
  }
  return byName(found);
}

function userProvider(context: NormalizeContext, name: string, node: MappingNode): ProviderSpec {
  const input = wordAt(node, 'input', ['stdin', 'file', 'arg']);
  const output = child(node, 'output');
  const format = wordAt(output, 'format', ['text', 'json', 'jsonl']);
  checkTemplates(context, node, input);
  for (const key of ['result', 'conversation']) {
    const value = child(output, key);
    if (format !== 'text' || !value || textOf(value) === undefined) continue;
    const text = `${key} needs the output format json or jsonl`;
    refuse(context, { code: 'compose.exclusive', path: value.path, span: value.span, text });
  }
  return {
    name,
    command: textAt(node, 'command') ?? '',
    args: argumentsAt(node, 'args'),
    env: envEntries(context, child(node, 'env')),
    input,
    output: { format, result: textAt(output, 'result'), conversation: textAt(output, 'conversation') },
    permissions: optionalWordAt(node, 'permissions', ['confined', 'ask', 'auto']),
    models: textsOf(child(node, 'models')),
  };
}

function checkTemplates(context: NormalizeContext, node: MappingNode, input: ProviderSpec['input']): void {
  let namesPromptFile = false;
  for (const item of itemsOf(child(node, 'args'))) {
    for (const match of rawText(item).matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)) {
      const name = match[1] ?? '';
      const known = PROVIDER_TEMPLATES.find(template => template === name);
      if (known === 'prompt_file') namesPromptFile = true;
      if (known === undefined) {
        const text = `unknown template {{${name}}}; known are ${PROVIDER_TEMPLATES.map(template => `{{${template}}}`).join(', ')}`;
        refuse(context, { code: 'compose.undefinedName', path: item.path, span: item.span, text });
      } else if (known === 'prompt' && input !== 'arg') {
        refuse(context, {
          code: 'compose.exclusive',
          path: item.path,
          span: item.span,
          text: '{{prompt}} needs input: arg',
        });
      }
    }
  }
  const inputNode = child(node, 'input');
  if (input === 'arg' && inputNode) {
    refuse(context, {
      code: 'compose.suspicious',
      severity: 'warning',
      path: joinPath(node.path, 'input'),
      span: inputNode.span,
      text: 'the task stands in the command line, where every user of this machine can read it; stdin and file keep it to you',
    });
  }
  if (input === 'file' && !namesPromptFile && inputNode) {
    const text = 'the program cannot find the prompt: put {{prompt_file}} into args';
    refuse(context, {
      code: 'compose.suspicious',
      severity: 'warning',
      path: joinPath(node.path, 'input'),
      span: inputNode.span,
      text,
    });
  }
}

/** The provider of an agent by its one name; problems are reported, and the name is kept. */
export function agentProvider(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  own: ReadonlySet<string>,
): string {
  const name = textOf(node);
  if (name === undefined || !node) return DEFAULT_PROVIDER;
  if (own.has(name)) return name;
  const builtIn = builtInProvider(name);
  if (builtIn) {
    if (builtIn.planned) {
      const text = `"${name}" is accepted and kept, but this version does not act on it yet`;
      refuse(context, { code: 'compose.notExecuted', severity: 'warning', path: node.path, span: node.span, text });
    }
    return builtIn.name;
  }
  const known = [...builtInProviders.map(provider => provider.name), ...own];
  const near = nearest(name, known);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
  refuse(context, {
    code: 'compose.unknownProvider',
    path: node.path,
    span: node.span,
    text: `unknown provider "${name}" (${hint})`,
    fix: near === undefined ? undefined : { title: `Change to "${near}"`, edits: [{ span: node.span, newText: near }] },
  });
  return name;
}
