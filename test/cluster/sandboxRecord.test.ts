import { describe, expect, onTestFinished, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { clusterUnderTest } from '../support/cluster.ts';
import type { ContainerHost } from '../support/containerHost.ts';
import { clusterAdmin, podHost } from '../support/podHost.ts';
import type { RecordedSandbox } from '../support/recordedSandboxes.ts';

/** What VS Code's rows are tested with; `-u` writes it anew. */
const golden = inRepository('test/fixtures/sandboxes/pod.json');

async function look({ home, repository }: ContainerHost): Promise<RecordedSandbox> {
  const { sandboxes } = (await home.musterJson(['sandbox', 'stats'], { cwd: repository })) as {
    readonly sandboxes: readonly RecordedSandbox[];
  };
  return sandboxes[0] ?? expect.fail('there is no sandbox');
}

/** Without what is another one each time: ids, times, what was used, and how long something took. */
function lasting(sandbox: RecordedSandbox): RecordedSandbox {
  const { usage } = sandbox;
  const text = JSON.stringify({
    ...sandbox,
    sandbox: '000000000001',
    thread_id: '000000000002',
    created_at: '2026-01-02T03:04:05.678Z',
    used_at: '2026-01-02T03:04:05.678Z',
    ...(usage && {
      usage: { cpus: 0.5, memory_bytes: 100 * 1024 ** 2, memory_limit_bytes: 4 * 1024 ** 3, processes: 3 },
    }),
  });
  const named = text
    .replaceAll(/muster-[0-9a-z]{12}-[0-9a-z]{5}/g, 'muster-000000000003-abcde')
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '00000000-0000-0000-0000-000000000000');
  const known = JSON.parse(named) as RecordedSandbox;
  // Whether the cluster looked at it once more, and what it said first of all within a second, is chance.
  const happenings = [...new Set(known.happenings)].toSorted();
  return { ...known, ...(happenings.length > 0 && { happenings }) };
}

describe.runIf(clusterUnderTest().kind === 'there')('a sandbox in a cluster', () => {
  test('is told as rows and lists are tested to show it: waiting, running, over', async () => {
    const { core } = clusterAdmin();
    const cordon = (value: boolean): Promise<unknown> =>
      core.patchNode({ name: 'muster-node', body: [{ op: 'add', path: '/spec/unschedulable', value }] });
    const host = await podHost({ script: 'echo up; until [ -e /tmp/go ]; do sleep 0.1; done' });
    const at = { cwd: host.repository };
    const soon = { timeout: 90_000, interval: 500 };
    await cordon(true);
    onTestFinished(async () => void (await cordon(false)));
    const sent = await host.home.musterJson(['dispatch', 'dev', 'Wait'], at);
    const { thread_id: id } = sent as { thread_id: string };
    await expect.poll(async () => (await look(host)).progress ?? '', soon).toMatch(/^Waiting for the cluster/);
    await expect.poll(async () => (await look(host)).happenings ?? [], soon).not.toEqual([]);
    const waiting = await look(host);
    await cordon(false);
    await expect.poll(async () => (await look(host)).usage?.processes ?? 0, soon).toBeGreaterThan(0);
    await expect.poll(async () => (await host.home.muster(['logs', id, '--raw'], at)).stdout, soon).toContain('up');
    const running = await look(host);
    expect(await host.home.muster(['cancel', id], at)).toMatchObject({ status: 0 });
    await expect.poll(async () => (await look(host)).runtime_ids, soon).toEqual([]);
    await expect.poll(async () => (await look(host)).phase, soon).toBeUndefined();
    const over = await look(host);
    const told = { waiting: lasting(waiting), running: lasting(running), over: lasting(over) };
    await expect(`${JSON.stringify(told, undefined, 2)}\n`).toMatchFileSnapshot(golden);
  });
});
