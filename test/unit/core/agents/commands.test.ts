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
});

describe('asking', () => {
  it.each([
    ['codex', 'codex-acp -c approval_policy="on-request" -c sandbox_mode="workspace-write" -c model="m" --extra'],
    ['gemini', 'gemini --experimental-acp --approval-mode auto_edit --model m --extra'],
    ['opencode', 'opencode acp --extra'],
  ])('%s is spoken to over the Agent Client Protocol', (name, line) => {
    const command = commandOf(name, {
      permissions: 'ask',
      model: 'm',
      args: ['--extra'],
      conversation: 'c-1',
      tools: { command: '/node', args: ['/agentMcp.js'], env: { A: 'b' }, tools: ['ask', 'permission'] },
    });
    expect(command.argv.join(' ')).toBe(line);
    expect(command.through).toEqual(['{{node}}', '{{dist}}/acpClient.js', '/runs/r1']);
    expect(command.stdin).toBe('prompt');
    expect(JSON.parse(command.files?.['acp.json'] ?? '')).toEqual({
      conversation: 'c-1',
      // Gemini CLI would begin a file over the session that it is to load.
      ...(name === 'gemini' && { loadAs: ' c-1' }),
      tools: { command: '/node', args: ['/agentMcp.js'], env: { A: 'b' } },
      // These say nowhere else what they used.
      ...(name === 'opencode' && { totals: { call: ['export'] } }),
      ...(name === 'codex' && {
        totals: { log: { variable: 'CODEX_HOME', usual: '.codex', folder: 'sessions', mark: '"token_count"' } },
      }),
    });
  });

  it('opencode gets its model, and rules that ask, by its environment', () => {
    const { env } = commandOf('opencode', { permissions: 'ask', model: 'scripted/one' });
    expect(JSON.parse(env['OPENCODE_CONFIG_CONTENT'] ?? '')).toEqual({ model: 'scripted/one' });
    expect(JSON.parse(env['OPENCODE_PERMISSION'] ?? '')).toMatchObject({ edit: 'allow', bash: 'ask', webfetch: 'ask' });
  });

  it('claude asks by a tool of ours, without anything between', () => {
    const command = commandOf('claude', {
      permissions: 'ask',
      tools: { command: '/node', args: [], env: {}, tools: ['permission'] },
    });
    expect(command.argv.join(' ')).toContain('--permission-prompt-tool mcp__muster__permission');
    expect(command.through).toBeUndefined();
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

describe('folders of other repositories', () => {
  const folders = ['/work/web', '/work/api, too'];

  it.each([
    ['claude', '--add-dir=/work/web --add-dir=/work/api, too'],
    ['codex', '-c sandbox_workspace_write.writable_roots=["/work/web","/work/api, too"]'],
    ['gemini', '--include-directories=/work/web --include-directories=/work/api, too'],
  ])('are where %s may work as well', (name, words) => {
    expect(commandOf(name, { folders }).argv.join(' ')).toContain(words);
    if (name !== 'claude') expect(commandOf(name, { folders, permissions: 'ask' }).argv.join(' ')).toContain(words);
    expect(commandOf(name).argv.join(' ')).not.toContain(words.split('=')[0] ?? '');
  });

  it.each(['confined', 'ask'] as const)('are allowed to opencode under %s, and nothing beside them', permissions => {
    const { env } = commandOf('opencode', { folders: ['/work/web'], permissions });
    const rules = JSON.parse(env['OPENCODE_PERMISSION'] ?? '') as { external_directory: Record<string, string> };
    expect(Object.entries(rules.external_directory)).toEqual([
      ['*', permissions === 'ask' ? 'ask' : 'deny'],
      ['/work/web', 'allow'],
      ['/work/web/**', 'allow'],
    ]);
  });
});
