import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest } from '../support/cluster.ts';
import { clusterAdmin, podHost } from '../support/podHost.ts';

interface Place {
  readonly name: string;
  readonly agents: readonly string[];
  readonly machines?: number;
  readonly machines_ready?: number;
  readonly cpus?: number;
  readonly cpus_asked?: number;
  readonly memory_bytes?: number;
  readonly memory_asked_bytes?: number;
  readonly active_runs: number;
  readonly waiting_runs: number;
  readonly waits_for?: string;
}

describe.runIf(clusterUnderTest().kind === 'there')('the room of a cluster', () => {
  test('is told: its nodes, what is asked for, what is at work and what waits', async () => {
    const { core } = clusterAdmin();
    const script = 'echo up; until [ -e /tmp/go ]; do sleep 0.1; done';
    const host = await podHost({ script, agent: { resources: { cpus: 0.5, memory: '300m' } } });
    const at = { cwd: host.repository };
    const look = async (): Promise<Place> => {
      const { places } = (await host.home.musterJson(['status'], at)) as { places: readonly Place[] };
      return places[0] ?? expect.fail('no place is told of');
    };
    const dispatch = async (): Promise<string> => {
      const sent = await host.home.musterJson(['dispatch', 'dev', 'Wait'], at);
      return (sent as { thread_id: string }).thread_id;
    };
    const first = await dispatch();
    onTestFinished(async () => void (await host.home.muster(['cancel', first], at)));
    const running = { timeout: 90_000, interval: 1_000 };
    await expect.poll(async () => (await look()).active_runs, running).toBe(1);
    // The look at the nodes is ten seconds old at most.
    await expect.poll(async () => (await look()).cpus_asked ?? 0, running).toBeGreaterThanOrEqual(0.51);
    const place = await look();
    expect(place).toMatchObject({ agents: ['dev'], machines: 1, machines_ready: 1, waiting_runs: 0 });
    expect(place.name).toMatch(/\/default$/);
    expect(place.cpus).toBeGreaterThanOrEqual(1);
    expect(place.memory_bytes).toBeGreaterThan(1024 ** 3);
    expect(place.memory_asked_bytes).toBeGreaterThanOrEqual(300_000_000);
    const text = (await host.home.muster(['status'], at)).stdout;
    expect(text).toMatch(
      /^kubernetes +\S+\/default: 1 of 1 nodes ready · [\d.]+ of \d+ CPUs and .* GB asked for · 1 running$/m,
    );

    const cordon = (value: boolean): Promise<unknown> =>
      core.patchNode({ name: 'muster-node', body: [{ op: 'add', path: '/spec/unschedulable', value }] });
    await cordon(true);
    onTestFinished(async () => void (await cordon(false)));
    const second = await dispatch();
    onTestFinished(async () => void (await host.home.muster(['cancel', second], at)));
    await expect.poll(async () => (await look()).waiting_runs, running).toBe(1);
    expect((await look()).waits_for).toMatch(/0\/1 nodes are available: 1 node\(s\) were unschedulable/);
    await expect.poll(async () => (await look()).machines_ready, running).toBe(0);
    expect(await look()).toMatchObject({ machines: 1, active_runs: 1 });
  });
});
