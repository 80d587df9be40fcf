import { describe, expect, test } from 'vitest';
import { importCompas } from '../../../src/compose/import/compas.js';
import { parseCompose } from '../../../src/compose/parseCompose.js';

const config = `
default_workdir: /work/shop
state_dir: ~/.compas
poll_interval_secs: 2
agent_defaults: {backend: claude, safety_mode: auto_approve, env: {A: "1"}}
agents:
  - {alias: boss, role: operator}
  - alias: dev
    model: opus
    prompt_file: dev.md
    workspace: worktree
    backend_args: [--verbose, --dangerously-skip-permissions]
    env: {B: "2"}
    max_retries: 2
    handoff: {on_response: [reviewer, tester], handoff_prompt: Look, max_chain_depth: 4}
  - {alias: reviewer, backend: codex, timeout_secs: 60, handoff: {on_response: operator}}
  - {alias: tester, backend: mine, safety_mode: null}
backend_definitions:
  - name: mine
    command: my-agent
    args: [--model, "{{model}}", "{{instruction}}"]
    resume: {flag: --resume, session_id_arg: "{{session_id}}"}
    output: {format: json, result_field: answer, session_id_field: session}
    ping: {command: my-agent}
orchestration:
  execution_timeout_secs: 900
  max_concurrent_triggers: 4
  max_queued_executions: 20
  default_merge_strategy: squash
  default_merge_target: develop
  redact_secrets: true
  something_new: 1
hooks: {on_execution_completed: [{command: notify, args: [done], timeout_secs: 5, filter: {agent_alias: dev}}]}
schedules:
  - {name: nightly, agent: dev, cron: "0 3 * * *", body: Update, max_runs: 5}
  - {name: lost, agent: nobody, cron: "0 3 * * *", body: x}
`;

const imported = importCompas({
  text: config,
  name: 'shop',
  readFile: path => (path === 'dev.md' ? 'Be careful.' : undefined),
});

describe('a compas configuration', () => {
  test('becomes a compose file that is valid and says the same', () => {
    const { spec, diagnostics } = parseCompose(imported.text, { env: () => undefined });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(spec?.agents.map(({ name }) => name)).toEqual(['dev', 'reviewer', 'tester']);
    expect(spec?.agents[0]).toMatchObject({
      provider: 'claude',
      model: 'opus',
      systemPrompt: 'Be careful.',
      permissions: 'auto',
      timeoutMs: 900_000,
      args: ['--verbose'],
      env: [{ name: 'A' }, { name: 'B' }],
      retries: { max: 2, backoffMs: 30_000 },
      handoff: { onResponse: ['reviewer', 'tester'], prompt: 'Look', maxDepth: 4 },
      scheduler: { triggers: [{ kind: 'cron', cron: '0 3 * * *', timezone: 'UTC', prompt: 'Update' }] },
    });
    expect(spec?.agents[1]).toMatchObject({ provider: 'codex', timeoutMs: 60_000, handoff: undefined });
    expect(spec?.providers).toMatchObject([
      {
        name: 'mine',
        command: 'my-agent',
        args: ['--resume', '{{conversation}}', '--model', '{{model}}', '{{prompt}}'],
        input: 'arg',
        output: { format: 'json', result: 'answer', conversation: 'session' },
      },
    ]);
    expect(spec).toMatchObject({
      limits: { concurrency: 4, queued: 20 },
      merge: { strategy: 'squash', target: 'develop' },
      hooks: [{ event: 'run_finished', command: 'notify', args: ['done'], timeoutMs: 5_000 }],
    });
  });

  test('tells what became of each field, also of those that nobody knows', () => {
    const outcomes = new Map(imported.report.map(({ field, outcome }) => [field, outcome]));
    for (const field of [
      'state_dir',
      'poll_interval_secs',
      'agents[0]',
      'orchestration.redact_secrets',
      'orchestration.something_new',
      'schedules[1]',
    ])
      expect([field, outcomes.get(field)]).toEqual([field, 'dropped']);
    for (const field of [
      'agents[1].safety_mode',
      'agents[1].handoff',
      'hooks.on_execution_completed[0]',
      'schedules[0]',
      'default_workdir',
    ])
      expect([field, outcomes.get(field)]).toEqual([field, 'changed']);
    expect(outcomes.get('agents[1]')).toBe('kept');
    expect(imported.workdir).toBe('/work/shop');
  });

  test.each(['', '- a', 'a: [', 'text'])('that is none (%j) is refused', text => {
    expect(() => importCompas({ text, name: 'x', readFile: () => undefined })).toThrow();
  });
});
