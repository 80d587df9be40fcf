import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containerHost } from '../support/containerHost.ts';
import { dockerUnderTest } from '../support/docker.ts';

const docker = dockerUnderTest();

describe.runIf(docker.kind === 'there')('a host that is killed', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };
  const containersOf = (thread: string): string =>
    execFileSync('docker', ['--host', host, 'ps', '-aq', '--filter', `label=dev.muster.thread=${thread}`], {
      encoding: 'utf8',
    });
  const waitsForGo = 'echo begun >>begun.txt; echo up; until [ -e go ]; do sleep 0.05; done; echo went on';

  async function begun(script = waitsForGo) {
    const setting = await containerHost({ host, image, script });
    const { home, repository } = setting;
    const { thread_id: id } = (await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository })) as {
      thread_id: string;
    };
    await expect
      .poll(async () => (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout, { timeout: 30_000 })
      .toContain('up');
    const { worktrees } = (await home.musterJson(['worktrees'], { cwd: repository })) as {
      worktrees: readonly { path: string }[];
    };
    return { ...setting, id, worktree: worktrees[0]?.path ?? '' };
  }

  test('leaves its container at work, and the next host adopts it', async () => {
    const { home, repository, id, worktree } = await begun();
    await home.killHost();
    expect(containersOf(id)).not.toBe('');
    writeFileSync(join(worktree, 'go'), '');
    expect(await home.muster(['wait', id, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said).toBe('up\nwent on\n');
    await expect.poll(() => containersOf(id)).toBe('');
  });

  test('leaves nothing on the engine when the agent ends while there is no host', async () => {
    const { home, id, worktree } = await begun();
    await home.killHost();
    writeFileSync(join(worktree, 'go'), '');
    await expect.poll(() => containersOf(id), { timeout: 20_000 }).toBe('');
  });

  test('is followed by one that can stop the run', async () => {
    const { home, repository, id } = await begun();
    await home.killHost();
    expect(await home.muster(['cancel', id], { cwd: repository })).toMatchObject({ status: 0 });
    expect(containersOf(id)).toBe('');
    const { threads } = (await home.musterJson(['ps'], { cwd: repository })) as { threads: unknown };
    expect(threads).toMatchObject([{ thread_id: id, latest_run: { status: 'cancelled' } }]);
  });
});
