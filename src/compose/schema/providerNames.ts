import type { ShapeValue } from './shape.js';

export interface BuiltInProvider {
  readonly name: string;
  readonly doc: string;
  readonly aliases: readonly string[];
  /** Names to propose; any other is passed on as it is. */
  readonly models: readonly string[];
  readonly planned: boolean;
}

export const DEFAULT_PROVIDER = 'codex';

export const builtInProviders: readonly BuiltInProvider[] = [
  {
    name: 'claude',
    doc: 'Claude Code.',
    aliases: ['claude-code'],
    models: ['sonnet', 'opus', 'haiku'],
    planned: false,
  },
  { name: 'codex', doc: 'Codex CLI.', aliases: [], models: ['gpt-6.1-sol', 'gpt-5.5'], planned: false },
  {
    name: 'gemini',
    doc: 'Gemini CLI.',
    aliases: ['gemini-cli'],
    models: ['gemini-3.5-flash', 'gemini-2.5-pro'],
    planned: false,
  },
  {
    name: 'opencode',
    doc: 'OpenCode.',
    aliases: ['open-code'],
    models: ['anthropic/claude-sonnet-4-5', 'openai/gpt-5.5'],
    planned: false,
  },
  { name: 'demo', doc: 'Needs no account: makes one small, labelled change.', aliases: [], models: [], planned: false },
  { name: 'pi', doc: 'Pi.', aliases: ['pi-agent'], models: [], planned: true },
];

/** The built-in provider with this name or alias, in any case, with `-` or `_`. */
export function builtInProvider(written: string): BuiltInProvider | undefined {
  const name = written.toLowerCase().replaceAll('_', '-');
  return builtInProviders.find(provider => provider.name === name || provider.aliases.includes(name));
}

export const providerProposals: readonly ShapeValue[] = builtInProviders.map(provider => ({
  value: provider.name,
  doc: provider.doc,
  planned: provider.planned,
}));
