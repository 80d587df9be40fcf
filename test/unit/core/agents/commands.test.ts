import { describe, expect, it } from 'vitest';
import type { CommandRequest } from '../../../../src/core/agents/provider.js';
import { createProviderRegistry } from '../../../../src/core/agents/providerRegistry.js';

const registry = createProviderRegistry(new Map());
const request: CommandRequest = {
  prompt: '--looks-like-an-option',
  permissions: 'confined',
  args: [],
  runDir: '/runs/r1',
  asRoot: false,
};
const commandOf = (name: string, changes: Partial<CommandRequest> = {}) =>
  registry.get(name).command({ ...request, ...changes });

describe.each(['claude', 'codex', 'demo', 'gemini', 'opencode'])('the command line of %s', name => {
  it('never holds the prompt: it travels on standard input', () => {
    const command = commandOf(name, { systemPrompt: 'Be kind.', model: 'm', conversation: 'c' });
    expect(command.argv.join(' ')).not.toContain(request.prompt);
    expect(command.argv.join(' ')).not.toContain('Be kind.');
    expect(command.stdin).toBe('prompt');
  });

  it('holds the extra arguments of the compose file', () => {
    expect(commandOf(name, { args: ['--extra', 'value'] }).argv.join(' ')).toContain('--extra value');
  });

  it('treats `ask` as confined as long as nobody answers', () => {
    expect(commandOf(name, { permissions: 'ask' })).toEqual(commandOf(name, { permissions: 'confined' }));
  });
});

describe('permissions', () => {
  it.each([
    ['claude', '--permission-mode acceptEdits', '--dangerously-skip-permissions'],
    ['codex', '--sandbox workspace-write', '--dangerously-bypass-approvals-and-sandbox'],
    ['gemini', '--approval-mode auto_edit', '--approval-mode yolo'],
  ])('%s is confined by %s and free by %s', (name, confined, auto) => {
    const confinedLine = commandOf(name).argv.join(' ');
    const autoLine = commandOf(name, { permissions: 'auto' }).argv.join(' ');
    expect(confinedLine).toContain(confined);
    expect(confinedLine).not.toContain(auto);
    expect(autoLine).toContain(auto);
    expect(autoLine).not.toContain(confined);
  });

  it('opencode is confined by rules in its environment: it allows everything without', () => {
    const rules = JSON.parse(commandOf('opencode').env['OPENCODE_PERMISSION'] ?? '{}') as Record<string, string>;
    expect(rules).toMatchObject({ edit: 'allow', bash: 'deny', webfetch: 'deny', external_directory: 'deny' });
    expect(commandOf('opencode').argv).not.toContain('--auto');
    expect(commandOf('opencode', { permissions: 'auto' })).toMatchObject({ env: {} });
    expect(commandOf('opencode', { permissions: 'auto' }).argv).toContain('--auto');
  });

  it('claude is told that it is sandboxed only where it would refuse otherwise: as root, in bypass mode', () => {
    expect(commandOf('claude', { permissions: 'auto', asRoot: true }).env).toEqual({ IS_SANDBOX: '1' });
    expect(commandOf('claude', { permissions: 'auto' }).env).toEqual({});
    expect(commandOf('claude', { asRoot: true }).env).toEqual({});
  });
});

describe('a conversation to go on with', () => {
  it.each([
    ['claude', '--resume c1'],
    ['codex', 'resume c1 -'],
    ['gemini', '--resume c1'],
    ['opencode', '--session c1'],
    ['demo', '--conversation c1'],
  ])('%s: %s', (name, expected) => {
    expect(commandOf(name, { conversation: 'c1' }).argv.join(' ')).toContain(expected);
    expect(commandOf(name).argv).not.toContain('c1');
  });
});

describe('the system prompt', () => {
  it('is a file of the run directory where the CLI has an option for it', () => {
    const command = commandOf('claude', { systemPrompt: 'Be kind.' });
    expect(command.files).toEqual({ 'system-prompt.md': 'Be kind.' });
    expect(command.argv.join(' ')).toContain('--append-system-prompt-file /runs/r1/system-prompt.md');
    expect(command.prompt).toBeUndefined();
  });

  it.each(['codex', 'gemini', 'opencode'])('stands in front of the first prompt of %s and of no later one', name => {
    expect(commandOf(name, { systemPrompt: 'Be kind.' }).prompt).toBe(`Be kind.\n\n${request.prompt}`);
    expect(commandOf(name, { systemPrompt: 'Be kind.', conversation: 'c1' }).prompt).toBeUndefined();
    expect(commandOf(name, { systemPrompt: '  ' }).prompt).toBeUndefined();
  });
});

describe('the registry', () => {
  it('knows the built-in providers and refuses others by naming what there is', () => {
    expect(registry.names()).toEqual(['claude', 'codex', 'demo', 'gemini', 'opencode']);
    expect(() => registry.get('claud')).toThrowError(
      expect.objectContaining({ code: 'provider.unknown', data: { provider: 'claud', known: registry.names() } }),
    );
  });

  it('does not let a compose file replace a built-in provider', () => {
    const impostor = { command: 'evil', args: [], input: 'stdin', output: { format: 'text' } } as const;
    expect(createProviderRegistry(new Map([['claude', impostor]])).get('claude')).toBe(registry.get('claude'));
  });
});
