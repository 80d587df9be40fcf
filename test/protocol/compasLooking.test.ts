import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { compasTools } from '../support/compasTools.ts';
import { mcpWorld, shellProvider } from '../support/mcpWorld.ts';

/** What compas shows of itself and of its agents, asked of Muster over MCP. The numbers are those of `test/support/compasBehaviours.ts`. */

const clis = ['claude', 'codex', 'gemini', 'opencode'] as const;

/** A CLI that writes down how it was called, and says what its test wants. */
const recorder = (name: string): string => `printf '%s\\n' "$*" >> "$HOME/${name}.args"
cat > "$HOME/${name}.asked"
cat "$HOME/${name}.says"`;

const compose = `name: shop
limits: {concurrency: 4}
providers:
${shellProvider}
  gone: {command: no-such-agent}
  whole: {command: sh, args: ["-c", 'echo "$@" >> "$HOME/whole.args"; echo "{\\"a\\": {\\"text\\": \\"It is whole.\\"},"; echo "\\"s\\": \\"whole-1\\"}"', "sh", --model, "{{model}}", --resume, "{{conversation}}"], output: {format: json, result: a.text, conversation: s}}
  lines: {command: sh, args: ["-c", 'echo "$@" >> "$HOME/lines.args"; echo garbage; echo "{\\"t\\": \\"first\\"}"; echo "{\\"t\\": \\"last\\", \\"s\\": \\"lines-1\\"}"', "sh", --model, "{{model}}", "{{conversation}}"], output: {format: jsonl, result: t, conversation: s}}
agents:
  dev: {provider: shell, timeout: 5m, concurrency: 2}
  reviewer: {provider: shell, handoff: {on_response: dev, max_depth: 2}}
  lead: {provider: shell, handoff: {on_response: [dev, reviewer]}}
  missing: {provider: gone}
  whole: {provider: whole, model: big}
  lines: {provider: lines}
${clis.map(name => `  ${name}: {provider: ${name}, model: m/one, permissions: confined, args: [--extra], system_prompt: Be terse.}`).join('\n')}
`;

const world = mcpWorld(compose, { commands: Object.fromEntries(clis.map(name => [name, recorder(name)])) });

const refused = async (tool: string, args: Record<string, unknown>): Promise<string> => {
  const { isError, text } = await world.mcp.call(tool, args);
  expect(isError, `${tool} succeeded: ${text}`).toBe(true);
  return text;
};

test('every tool of compas is there with its parameters and the fields of its result', async () => {
  const { tools } = await world.mcp.client.listTools();
  const wrong = compasTools.flatMap(({ name, parameters, results }) => {
    const tool = tools.find(each => each.name === name);
    if (!tool) return [`${name} is not there`];
    const taken = Object.keys(tool.inputSchema.properties ?? {});
    const told = JSON.stringify(tool.outputSchema);
    return [
      ...parameters.filter(parameter => !taken.includes(parameter)).map(each => `${name} does not take ${each}`),
      ...results.filter(field => !told.includes(`"${field}":`)).map(each => `${name} does not return ${each}`),
    ];
  });
  expect(wrong).toEqual([]);
});

describe('looking', () => {
  test('at threads, tasks, messages, batches and counts, each by what narrows it (75)', async () => {
    const { mcp } = world;
    const { thread, answer } = await world.done('echo looked at', { batch: 'looks', summary: 'Look' });
    const { thread: other } = await world.done('echo other', { to: 'lines' });
    const status = async (filter: object) =>
      ((await mcp.ok('orch_status', filter as Record<string, unknown>))['threads'] as { thread_id: string }[]).map(
        ({ thread_id: id }) => id,
      );
    expect(await status({})).toEqual(expect.arrayContaining([thread, other]));
    expect(await status({ agent: 'lines' })).toEqual([other]);
    expect(await status({ thread_id: thread })).toEqual([thread]);
    expect(await refused('orch_status', { agent: 'nobody' })).toContain('[agent.unknown]');
    expect(await refused('orch_transcript', { thread_id: 'zzzzzz' })).toContain('[thread.unknown]');
    const tasks = await mcp.ok('orch_tasks', { alias: 'dev', batch_id: 'looks', limit: '100000' });
    expect(tasks).toMatchObject({ tasks: [{ thread_id: thread, agent: 'dev', batch_id: 'looks' }] });
    const id = String(answer['message_id']);
    for (const reference of [`db:${id}`, id])
      expect(await mcp.ok('orch_read', { reference })).toMatchObject({ id, reference: `db:${id}`, body: 'looked at' });
    expect(await refused('orch_read', { reference: 'db:nothing' })).toContain('[request.invalid]');
    expect(await mcp.ok('orch_batch_status', { batch_id: 'looks' })).toMatchObject({
      thread_count: 1,
      threads: [{ thread_id: thread, summary: 'Look', status: 'Active', state: 'ready' }],
    });
    // Ours: a batch that nobody named is an error, not an empty one.
    expect(await refused('orch_batch_status', { batch_id: 'none' })).toContain('no batch');
    const { thread_counts: counts, total_messages: messages } = await mcp.ok('orch_metrics');
    expect(Object.fromEntries(counts as [string, number][])).toMatchObject({ Active: expect.any(Number) as number });
    expect(messages).toBeGreaterThanOrEqual(4);
    expect(await mcp.ok('orch_session_info')).toMatchObject({ server: 'muster', agent_count: 10 });
  });

  test('at agents, with what is free, how long they may work and to whom they hand on (75)', async () => {
    const { agents, ...rest } = await world.mcp.ok('orch_list_agents');
    const of = (name: string) => (agents as { alias: string }[]).find(({ alias }) => alias === name);
    expect(rest).toMatchObject({ global_active: 0, global_available: rest['global_max_concurrent'] });
    expect(of('dev')).toMatchObject({
      backend: 'shell',
      timeout_secs: 300,
      max_concurrent: 2,
      available: Math.min(2, Number(rest['global_available'])),
      await_chain_recommended: false,
    });
    expect(of('dev')).not.toHaveProperty('handoff_to');
    expect(of('reviewer')).toMatchObject({ handoff_to: ['dev'], max_chain_depth: 2, await_chain_recommended: true });
    expect(of('lead')).toMatchObject({ handoff_to: ['dev', 'reviewer'] });
    expect(of('missing')).toMatchObject({ available: 0, problem: expect.stringContaining('no-such-agent') as string });
  });

  test('at health: the host that answers, each agent without a token spent, one that cannot work, and none that is unknown (76)', async () => {
    const all = await world.mcp.ok('orch_health');
    expect(all).toMatchObject({
      worker_heartbeat: { worker_id: `host-${String(await world.home.hostPid())}` },
      queue_depth: 0,
    });
    expect(all['agents']).toHaveLength(10);
    expect(await world.mcp.ok('orch_health', { alias: 'missing' })).toMatchObject({
      agents: [
        { alias: 'missing', ping_alive: false, ping_detail: expect.stringContaining('no-such-agent') as string },
      ],
    });
    expect(await world.mcp.ok('orch_health', { alias: 'dev' })).toMatchObject({
      agents: [{ alias: 'dev', ping_alive: true, circuit_state: 'closed', circuit_failures: 0 }],
    });
    expect(await refused('orch_health', { alias: 'nobody' })).toContain('[agent.unknown]');
    // Without a host there is one a moment later.
    await world.home.killHost();
    expect(await world.mcp.ok('orch_health', { alias: 'dev' })).toMatchObject({ agents: [{ ping_alive: true }] });
  });

  test('at what keeps a thread from going on, with what would help (77)', async () => {
    const { mcp } = world;
    world.hold('diagnosis');
    const holding = [];
    for (let n = 0; n < 2; n++)
      holding.push((await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold diagnosis' }))['thread_id']);
    for (const thread of holding) await world.reaches(thread, 'executing');
    const { thread_id: queued } = await mcp.ok('orch_dispatch', { to: 'dev', body: 'true' });
    expect(await mcp.ok('orch_diagnose', { thread_id: queued })).toMatchObject({
      message_count: 1,
      execution_count: 1,
      latest_execution_status: 'queued',
      blockers: [expect.stringContaining('number 1 in the queue') as string],
    });
    world.release('diagnosis');
    for (const thread of [...holding, queued]) await world.reaches(thread, 'completed');
    expect(await mcp.ok('orch_diagnose', { thread_id: queued })).toMatchObject({ blockers: [] });
    const hint = async (thread: string) =>
      ((await mcp.ok('orch_diagnose', { thread_id: thread }))['suggestions'] as string[]).join(' ');
    const { thread } = await world.done('echo over');
    expect(await hint(thread)).toContain('orch_merge');
    await mcp.ok('orch_close', { thread_id: thread, status: 'completed' });
    expect(await hint(thread)).toContain('opens it again');
    await mcp.ok('orch_reopen', { thread_id: thread });
    await mcp.ok('orch_abandon', { thread_id: thread });
    expect(await hint(thread)).toContain('muster restore');
    const { thread: failed } = await world.done('exit 3');
    expect(await mcp.ok('orch_diagnose', { thread_id: failed })).toMatchObject({
      latest_execution_error: expect.stringMatching(/./) as string,
    });
    expect(await hint(failed)).toContain('dispatch to thread');
    expect(await refused('orch_diagnose', { thread_id: 'zzzzzz' })).toContain('[thread.unknown]');
  });

  test('at a log in pages, its end, beyond it, an empty one, and at no file of anybody else (78, defect 21)', async () => {
    const { mcp } = world;
    const executionOf = async (body: string) => {
      const sent = await mcp.ok('orch_dispatch', { to: 'dev', body });
      await world.reaches(sent['thread_id'], 'completed');
      return sent['execution_id'];
    };
    const id = await executionOf('n=0; while [ $n -lt 1500 ]; do n=$((n+1)); echo line $n; done');
    const read = async (more: object) => await mcp.ok('orch_read_log', { execution_id: id, ...more });
    expect(await read({ limit: 2, offset: '3' })).toMatchObject({
      lines: ['line 4', 'line 5'],
      offset: 3,
      returned_lines: 2,
      has_more: true,
    });
    expect(await read({ tail: '2' })).toMatchObject({
      lines: ['line 1499', 'line 1500'],
      offset: 1498,
      total_lines: 1500,
      has_more: false,
    });
    expect(await read({ limit: 5000 })).toMatchObject({ returned_lines: 1000, has_more: true });
    expect(await read({ offset: 9000 })).toMatchObject({ lines: [], has_more: false, total_lines: 1500 });
    expect(await mcp.ok('orch_read_log', { execution_id: await executionOf('true') })).toMatchObject({
      lines: [],
      total_lines: 0,
    });
    for (const strange of ['zzzzzz', '../../host', '../../../etc/passwd'])
      expect(await refused('orch_read_log', { execution_id: strange })).toMatch(
        /\[run\.unknown\]|\[request\.invalid\]/,
      );
  });
});

test('what agents used and cost is summed, by tool and agent; who tells no cost does not count in it (79)', async () => {
  const { mcp } = world;
  const call = (id: string, tool: string): string =>
    JSON.stringify({
      type: 'assistant',
      message: { content: [{ type: 'tool_use', id, name: tool, input: { command: 'x' } }] },
    });
  const ends = (id: string, failed: boolean): string =>
    JSON.stringify({
      type: 'user',
      message: { content: [{ type: 'tool_result', tool_use_id: id, is_error: failed, content: 'x' }] },
    });
  const result = {
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'Done.',
    session_id: 's',
    total_cost_usd: 0.25,
    usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 100, cache_creation_input_tokens: 7 },
  };
  writeFileSync(
    join(world.user, 'claude.says'),
    [
      call('1', 'Bash'),
      ends('1', false),
      call('2', 'Bash'),
      ends('2', true),
      call('3', 'Read'),
      ends('3', false),
      JSON.stringify(result),
    ].join('\n'),
  );
  const before = (await mcp.ok('orch_metrics'))['cost'] as Record<string, number>;
  await world.done('Cost something', { to: 'claude' });
  await world.done('echo free');
  const after = (await mcp.ok('orch_metrics'))['cost'] as Record<string, number>;
  const grew = Object.fromEntries(Object.keys(after).map(key => [key, (after[key] ?? 0) - (before[key] ?? 0)]));
  expect(grew).toEqual({
    total_cost_usd: 0.25,
    total_tokens_in: 10,
    total_tokens_out: 5,
    total_cache_read_tokens: 100,
    total_cache_write_tokens: 7,
    executions_with_cost: 1,
  });
  expect(await mcp.ok('orch_tool_stats', { agent_alias: 'claude' })).toMatchObject({
    tool_stats: expect.arrayContaining([
      { tool_name: 'Bash', call_count: 2, error_count: 1, error_rate: 0.5 },
      { tool_name: 'Read', call_count: 1, error_count: 0, error_rate: 0 },
    ]) as object[],
    tool_usage_by_agent: expect.arrayContaining([
      expect.objectContaining({ agent_alias: 'claude', tool_name: 'Bash', call_count: 2 }),
    ]) as object[],
    cost_by_agent: [{ agent_alias: 'claude', total_cost_usd: 0.25, execution_count: 1 }],
  });
});

test('no secret that an agent says is in anything that is shown or stored; ordinary words stay (85)', async () => {
  const { mcp } = world;
  const secrets = [
    `AKIA${'A1B2C3D4'.repeat(2)}`,
    `ghp_${'a1B2'.repeat(9)}`,
    `github_pat_${'a1B2'.repeat(15)}`,
    `glpat-${'a1B2'.repeat(6)}`,
    `sk_live_${'a1B2'.repeat(6)}`,
    `sk-ant-${'a1B2'.repeat(8)}`,
    `sk-${'a1B2'.repeat(12)}`,
    `xoxb-${'1234567890'.repeat(2)}-abcdefghij`,
    `AIza${'a1B2c3D'.repeat(5)}`,
    `eyJ${'a1B2'.repeat(5)}.${'c3D4'.repeat(5)}.${'e5F6'.repeat(5)}`,
    `MIIE${'b1C2'.repeat(10)}`,
  ];
  const [key] = secrets.slice(-1);
  const lines = secrets.slice(0, -1).map(secret => `token ${secret} end`);
  const pem = ['-----BEGIN RSA PRIVATE KEY-----', key ?? '', '-----END RSA PRIVATE KEY-----'];
  writeFileSync(join(world.user, 'said'), [...lines, ...pem, 'skip the sketch on the desk', ''].join('\n'));
  const { thread, answer } = await world.done('cat "$HOME/said"; cat "$HOME/said" >&2');
  const { executions } = (await mcp.ok('orch_transcript', { thread_id: thread })) as { executions: { id: string }[] };
  const id = executions[0]?.id ?? '';
  const shown = [
    answer,
    await mcp.ok('orch_transcript', { thread_id: thread }),
    await mcp.ok('orch_read_log', { execution_id: id }),
    await mcp.ok('orch_execution_events', { execution_id: id }),
    await mcp.ok('orch_status', { thread_id: thread }),
    (await world.muster('logs', thread)).stdout,
    (await world.muster('logs', id, '--raw')).stdout,
    (await world.muster('logs', id, '--raw', '--stderr')).stdout,
    (await world.muster('ps', '--json')).stdout,
  ].map(each => (typeof each === 'string' ? each : JSON.stringify(each)));
  const told = shown.flatMap((text, index) =>
    secrets.filter(secret => text.includes(secret)).map(secret => `${index}: ${secret}`),
  );
  expect(told).toEqual([]);
  expect(shown[0]).toContain('skip the sketch on the desk');
});

test('what is long is cut between characters, and bytes that are no text end nothing (defect 19, defect 20)', async () => {
  const { mcp } = world;
  const { thread, answer } = await world.done(`printf '\\377 broken\\n'; printf 'a'; printf 'é%.0s' $(seq 3000)`);
  const body = String(answer['body']);
  expect(body).toMatch(/broken\naé+$/);
  expect(body.length).toBeGreaterThan(3000);
  const { latest_body_preview: preview } = await mcp.ok('orch_poll', { thread_id: thread });
  expect(preview).toMatch(/broken\naé+…$/);
  const { executions } = (await mcp.ok('orch_transcript', { thread_id: thread })) as { executions: { id: string }[] };
  const { events } = (await mcp.ok('orch_execution_events', { execution_id: executions[0]?.id })) as {
    events: { summary: string; detail: string }[];
  };
  // Lines that come together are one entry.
  const { detail = '', summary = '' } = events.at(-1) ?? {};
  for (const cut of [detail, summary]) expect(cut).toMatch(/aé+…$/);
  expect([detail.length, summary.length]).toEqual([2049, 201]);
});

describe('the CLIs', () => {
  test.each(clis)(
    '%s is called as compas calls it, anew and to go on, and its output is read, rubbish and all (88, defect 14)',
    async name => {
      const recorded = readFileSync(inRepository(`test/fixtures/transcripts/${name}/text.ndjson`), 'utf8');
      writeFileSync(join(world.user, `${name}.says`), `not JSON\n{"type":42}\n[]\n\n${recorded}`);
      const { thread, answer } = await world.done('What is this?', { to: name });
      expect(answer).toMatchObject({ intent: 'response', body: expect.stringContaining('It is a test.') as string });
      const told = await world.left(`${name}.asked`);
      // Claude Code reads its instructions from a file.
      if (name !== 'claude') expect(told).toContain('Be terse');
      await world.done('And now?', { to: name, thread_id: thread });
      const [first = '', second = ''] = readFileSync(join(world.user, `${name}.args`), 'utf8')
        .trim()
        .split('\n')
        .slice(-2);
      for (const line of [first, second]) {
        expect(line).toContain('m/one');
        expect(line).toContain('--extra');
        // What people type and what agents are told is in no list of processes.
        expect(line).not.toMatch(/What is|And now|Be terse/);
        expect(line).not.toMatch(/dangerously|yolo|--auto\b/);
      }
      expect(first).not.toMatch(/resume|--session/);
      expect(second).toMatch(/--?resume|resume|--session/);
      expect(await world.left(`${name}.asked`)).toContain('And now?');
    },
  );

  test('one of the file’s own: what has no value is left out with its option, whole and single values are read, and it goes on (89)', async () => {
    const whole = await world.done('x', { to: 'whole' });
    expect(whole.answer).toMatchObject({ body: 'It is whole.' });
    await world.done('y', { to: 'whole', thread_id: whole.thread });
    expect((await world.left('whole.args')).trim().split('\n')).toEqual([
      '--model big',
      '--model big --resume whole-1',
    ]);
    const lines = await world.done('x', { to: 'lines' });
    expect(lines.answer).toMatchObject({ body: 'last' });
    await world.done('y', { to: 'lines', thread_id: lines.thread });
    expect(await world.left('lines.args')).toMatch(/^\n+lines-1\n$/);
  });

  test('an agent has nothing of the environment of whoever started the host (89, defect 17)', async () => {
    await world.home.killHost();
    const first = await world.home.muster(['ps'], { cwd: world.repository, env: { OF_THE_STARTER: 'told' } });
    expect(first).toMatchObject({ status: 0 });
    const { answer } = await world.done('echo "it is: $OF_THE_STARTER."');
    expect(answer).toMatchObject({ body: 'it is: .' });
  });
});
