import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { buildPrograms, testRepository, type Programs } from '../support/hostProcess.ts';
import { timedHome } from '../support/timedHome.ts';

/** The six schedules and the workflow of docs/schedules.md, each tried against a real host; agents are commands that note their task. */

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const signal = new AbortController().signal;
const minute = 60_000;
const day = 24 * 60 * minute;

const page = readFileSync(inRepository('docs/schedules.md'), 'utf8');
const files = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

/** What a task writes down stays in its branch; a review takes its time. */
const providers = `name: shop
providers:
  shell:
    command: sh
    args: ["-c", 'cat > task.txt; case $(cat task.txt) in Review*) sleep 300;; *worth*) echo "{\\"worth\\":true,\\"why\\":\\"old\\"}";; *) echo "did $(head -n 1 task.txt)";; esac']
`;

/** The file of the page with agents that work here. */
function tried(text: string): string {
  return `${providers}${text.replaceAll(/provider: (?:claude|codex)/g, 'provider: shell').replaceAll(/^ *permissions: .*\n/gm, '')}`;
}

async function applied(
  text: string,
  { start, files: more = {} }: { start: number; files?: Readonly<Record<string, string>> },
) {
  const home = timedHome(programs, start);
  const repository = testRepository({ 'agent-compose.yml': tried(text), ...more });
  const up = await home.muster(['up', '--yes'], { cwd: repository });
  expect(up, up.stderr).toMatchObject({ status: 0 });
  const client = await home.connect();
  /** Tasks that agents were given, the oldest first: `agent status: first line`. */
  const tasks = async (agent: string): Promise<readonly string[]> => {
    const { threads } = await client.threads.listThreads({}, { signal });
    return threads
      .filter(thread => thread.agent === agent)
      .toSorted((a, b) => Number(a.createdAt - b.createdAt))
      .map(({ latestRun, summary }) => `${latestRun?.status}: ${summary}`);
  };
  const becomes = (agent: string) => expect.poll(() => tasks(agent), { timeout: 60_000 });
  const publish = async (topic: string, payload: object): Promise<void> => {
    await client.topics.publishEvent({ topic, payload: JSON.stringify(payload) }, { signal });
  };
  return { home, repository, client, becomes, publish };
}

/** A Monday, before dawn. */
const monday = new Date(2030, 5, 10, 0, 30).getTime();

test('the six schedules of the cookbook start what they say', async () => {
  const text = files.find(each => each.includes('# 6 ')) ?? '';
  const audit = (count: number): string =>
    `#!/bin/sh\necho '{"metadata":{"vulnerabilities":{"high":${count}}}}'\nexit 1\n`;
  const world = await applied(text.replace('npm audit --json', 'sh ./audit.sh'), {
    start: monday,
    files: { 'audit.sh': audit(2) },
  });
  const { home, repository, client, becomes, publish } = world;

  // 1 and 2: the night's dependency, late by the jitter at most, and the flaky test at nine.
  home.setTime(monday + 4 * 60 * minute);
  await becomes('gardener').toEqual(['succeeded: Update one outdated dependency and make the tests pass.']);
  home.setTime(monday + 8 * 60 * minute + 31 * minute);
  await becomes('gardener').toHaveLength(2);
  await becomes('gardener').toContain('succeeded: Find and fix one flaky test. This is run 1.');

  // 3: only what somebody labelled a bug; what a stranger wrote is words.
  const issue = { number: 7, title: 'Door', body: '`$(touch /tmp/owned)`' };
  await publish('webhook.github.issues', { action: 'opened', issue });
  await publish('webhook.github.issues', { action: 'labeled', label: { name: 'question' }, issue });
  await publish('webhook.github.issues', { action: 'labeled', label: { name: 'bug' }, issue });
  await becomes('triage').toEqual([expect.stringMatching(/^succeeded: Reproduce issue #7 with a failing test/)]);

  // 4: a new push takes the place of the review of the last one.
  await publish('webhook.github.pull_request', { action: 'opened', number: 4 });
  await becomes('reviewer').toEqual([expect.stringMatching(/^running: Review pull request/)]);
  await publish('webhook.github.pull_request', { action: 'synchronize', number: 4 });
  await becomes('reviewer').toEqual([expect.stringMatching(/^cancelled: /), expect.stringMatching(/^running: Review/)]);

  // 5: a merge that lands is in the changelog.
  const { threads } = await client.threads.listThreads({}, { signal });
  const ready = threads.find(({ agent }) => agent === 'triage')?.id ?? '';
  expect(await home.muster(['wait', ready, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
  expect(await home.muster(['merge', ready], { cwd: repository })).toMatchObject({ status: 0 });
  await becomes('scribe').toEqual([
    expect.stringMatching(/^succeeded: Add a line to CHANGELOG\.md for "Reproduce issue #7.*/),
  ]);

  // 6: cheap to look, dear to act: the same number a second time asks nobody.
  const scripts = async (): Promise<readonly string[]> => {
    const project = (await client.projects.listProjects({}, { signal })).projects[0]?.id ?? '';
    const { runs } = await client.schedules.listScriptRuns({ project, agent: 'watch' }, { signal });
    return runs.map(({ status, result, error }) => `${status} ${result}${error}`).toReversed();
  };
  await expect
    .poll(scripts, { timeout: 60_000 })
    .toEqual(['succeeded "did npm audit reports a new high advisory. Fix it."']);
  home.setTime(monday + day);
  await expect.poll(scripts, { timeout: 60_000 }).toContain('succeeded "nothing new"');
});

test('the workflow of the page looks, mends, and gives back what came of it', async () => {
  const text = files.find(each => each.includes('export const meta')) ?? '';
  const world = await applied(`${text}  dev:\n    provider: shell\n`, { start: monday });
  const fired = await world.home.musterJson(
    ['scheduler', 'trigger', 'audit', '--payload', '{"packages":["core","cli"]}'],
    { cwd: world.repository },
  );
  const { script_run_id: id } = fired as { script_run_id: string };
  const { run } = await world.client.schedules.getScriptRun({ id, wait: true }, { signal });
  expect(run).toMatchObject({ status: 'succeeded', error: '' });
  expect(JSON.parse(run?.result ?? '')).toEqual([
    'did Remove the dead code of core: old',
    'did Remove the dead code of cli: old',
  ]);
  await world.becomes('dev').toHaveLength(2);
});
