import { describe, expect, test } from 'vitest';
import { parseCompose } from '../../../src/compose/parseCompose.js';

function problemsOf(provider: string, args: readonly string[], permissions = 'confined') {
  const text = JSON.stringify({ agents: { dev: { provider, permissions, args } } });
  const { diagnostics } = parseCompose(text, { directoryName: 'shop', env: () => undefined });
  return diagnostics.filter(({ code }) => code === 'compose.weakensPermissions');
}

describe('an agent that is confined', () => {
  test.each([
    ['claude', '--dangerously-skip-permissions'],
    ['claude', '--allow-dangerously-skip-permissions'],
    ['claude', '--permission-mode bypassPermissions'],
    ['claude', '--permission-mode=bypassPermissions'],
    ['claude', '--permission-mode'],
    ['claude', '--allowedTools Bash'],
    ['claude', '--allowed-tools=Bash'],
    ['claude', '--settings x.json'],
    ['claude', '--add-dir=/'],
    ['claude-code', '--dangerously-skip-permissions'],
    ['codex', '--dangerously-bypass-approvals-and-sandbox'],
    ['codex', '--yolo'],
    ['codex', '-s danger-full-access'],
    ['codex', '-sdanger-full-access'],
    ['codex', '-s=danger-full-access'],
    ['codex', '--sandbox=danger-full-access'],
    ['codex', '-c sandbox_mode="danger-full-access"'],
    ['codex', '-csandbox_mode="danger-full-access"'],
    ['codex', '--config=sandbox_workspace_write.network_access=true'],
    ['codex', '-c "sandbox_mode"=x'],
    ['codex', '-c approval_policy=never'],
    ['codex', '-C /'],
    ['codex', '--add-dir /'],
    ['gemini', '--yolo'],
    ['gemini', '-y'],
    ['gemini', '-dy'],
    ['gemini', '--yolo=true'],
    ['gemini', '--approval-mode yolo'],
    ['gemini', '--approval-mode=yolo'],
    ['gemini', '--approvalMode=yolo'],
    ['gemini', '--no-sandbox'],
    ['opencode', '--auto'],
    ['opencode', '--auto=true'],
    ['opencode', '--attach http://other.example'],
  ])('%s refuses %s, at its place', (provider, args) => {
    const words = args.split(' ');
    for (const permissions of ['confined', 'ask']) {
      const [problem] = problemsOf(provider, ['--verbose', ...words], permissions);
      expect(problem).toMatchObject({ severity: 'error', path: 'agents.dev.args[1]', range: { start: { line: 1 } } });
    }
    expect(problemsOf(provider, words, 'auto')).toEqual([]);
  });

  test.each([
    ['claude', '--permission-mode plan'],
    ['claude', '--max-turns 5 --verbose'],
    ['codex', '-c model_provider=x'],
    ['codex', '--sandbox read-only'],
    ['codex', '-s=read-only'],
    ['gemini', '--approval-mode=plan'],
    ['gemini', '--sandbox=true -d'],
    ['opencode', '--thinking'],
  ])('%s takes %s', (provider, args) => {
    expect(problemsOf(provider, args.split(' '))).toEqual([]);
  });

  test('is refused also through defaults and through a model that is an option', () => {
    const text = 'defaults: {args: [--yolo]}\nagents: {dev: {provider: gemini, model: --yolo}}\n';
    const { spec, diagnostics } = parseCompose(text, { directoryName: 'shop', env: () => undefined });
    expect(spec).toBeUndefined();
    expect(diagnostics.map(({ path }) => path)).toEqual(['defaults.args[0]', 'agents.dev.model']);
  });
});
