import { describe, expect, it } from 'vitest';
import { parseCompose } from '../../../src/compose/parseCompose.js';

const parse = (text: string, env: Record<string, string> = {}) =>
  parseCompose(text, { directoryName: 'shop', env: name => env[name] });

describe('parseCompose', () => {
  it('reads a small file', () => {
    const result = parse(
      'name: demo\nagents:\n  dev:\n    provider: claude-code\n    timeout: 1h30m\n    concurrency: 2\n    workspace:\n      base: main\n',
    );
    expect(result.diagnostics).toEqual([]);
    expect(result.spec).toMatchObject({
      name: 'demo',
      agents: [
        {
          name: 'dev',
          provider: 'claude',
          timeoutMs: 5_400_000,
          concurrency: 2,
          workspace: { provider: 'worktree', base: 'main' },
        },
      ],
    });
  });

  it('reports all problems at once with places and fixes', () => {
    const result = parse('agents:\n  dev:\n    modle: x\n    timeout: 5\n  Bad: {}\n');
    expect(result.spec).toBeUndefined();
    expect(result.diagnostics.map(found => found.message)).toEqual([
      'parse compose field agents.dev.modle at line 3, column 5: unknown field (did you mean "model"?)',
      'validate compose field agents.dev.timeout: invalid duration: "5" has no unit, write for example 5s',
      'validate compose field agents.Bad: agent name must match ^[a-z][a-z0-9_-]*$',
    ]);
    expect(result.diagnostics[0]?.fix?.edits[0]?.newText).toBe('model');
  });
});
