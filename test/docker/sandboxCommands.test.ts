import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attachedFolder } from '../../src/extension/threads/attachedFolder.js';
import { containerHost } from '../support/containerHost.ts';
import { dockerCli, dockerUnderTest } from '../support/docker.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const docker = dockerUnderTest();

interface AttachedPlace {
  readonly containerName: string;
  readonly settings: { readonly host: string };
}

interface SandboxJson {
  readonly sandbox: string;
  readonly thread_id: string;
  readonly state: string;
  readonly runtime_ids: readonly string[];
  readonly usage?: { readonly memory_bytes: number; readonly processes: number };
}

describe.runIf(docker.kind === 'there')('the sandbox of a thread', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('is entered, measured, stopped and removed, and its home stays from run to run', async () => {
    const script = 'cat "$HOME/kept" 2>/dev/null; echo kept >"$HOME/kept"; echo work >work.txt';
    const { home, repository, run } = await containerHost({ host, image, script });
    const id = await run('Begin');
    const sandboxes = async (): Promise<readonly SandboxJson[]> =>
      ((await home.musterJson(['sandbox', 'stats'], { cwd: repository })) as { sandboxes: readonly SandboxJson[] })
        .sandboxes;
    expect(await sandboxes()).toMatchObject([{ thread_id: id, state: 'ready', runtime_ids: [] }]);

    // Between runs: a container is started to get into, in which the agent's home and worktree are.
    const command = 'pwd; cat work.txt "$HOME/kept"; git log -1 --format=%s; echo mine >mine.txt; exit 7';
    const entered = await home.muster(['exec', id, '--command', command], { cwd: repository });
    expect(entered).toMatchObject({ status: 7, stdout: '/workspace\nwork\nkept\nBegin\n' });
    const inside = await home.muster(['exec', id, '--cwd', '.', '--', 'cat', 'mine.txt'], { cwd: repository });
    expect(inside).toMatchObject({ status: 0, stdout: 'mine\n' });
    const [measured] = await sandboxes();
    expect(measured).toMatchObject({ state: 'running' });
    expect(measured?.usage?.memory_bytes).toBeGreaterThan(0);

    // In and out: the worktree, and what only the container has.
    const outside = join(tempDirectory('muster-cp'), 'note.txt');
    writeFileSync(outside, 'from outside\n');
    const copies: readonly (readonly [string, string])[] = [
      [outside, `${id}:/muster/home/note.txt`],
      [`${id}:/muster/home/note.txt`, `${outside}.back`],
      [outside, `${id}:in.txt`],
      [`${id}:/workspace/work.txt`, `${outside}.work`],
    ];
    for (const [from, to] of copies)
      expect(await home.muster(['cp', from, to], { cwd: repository })).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(`${outside}.back`, 'utf8')).toBe('from outside\n');
    expect(readFileSync(`${outside}.work`, 'utf8')).toBe('work\n');
    expect(await home.muster(['exec', id, '--', 'cat', 'in.txt'], { cwd: repository })).toMatchObject({
      stdout: 'from outside\n',
    });
    const link = ['exec', id, '--', 'ln', '-s', '/etc', 'out'];
    expect(await home.muster(link, { cwd: repository })).toMatchObject({ status: 0 });
    const refused = await home.muster(['cp', outside, `${id}:out/note.txt`], { cwd: repository });
    expect(refused.stderr).toContain('is not inside the worktree');
    await home.muster(['exec', id, '--', 'rm', 'out', 'in.txt'], { cwd: repository });

    expect(await home.muster(['stop', id], { cwd: repository })).toMatchObject({ status: 0 });
    expect(await sandboxes()).toMatchObject([{ state: 'ready', runtime_ids: [] }]);

    await home.muster(['dispatch', 'dev', '--thread', id, 'Go on'], { cwd: repository });
    expect(await home.muster(['wait', id, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
    expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toContain('kept\n');

    const [present] = await sandboxes();
    const folder = join(home.stateDir, 'sandboxes', present?.sandbox ?? '');
    expect(existsSync(join(folder, 'home', 'kept'))).toBe(true);
    expect(await home.muster(['sandbox', 'clean', '--all'], { cwd: repository })).toMatchObject({ status: 0 });
    expect(await sandboxes()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test('is entered where the agent is at work, and not removed from under it', async () => {
    const script = 'echo up; until [ -e go ]; do sleep 0.05; done';
    const { home, repository } = await containerHost({ host, image, script });
    const { thread_id: id } = (await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository })) as {
      thread_id: string;
    };
    await expect
      .poll(async () => (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout, { timeout: 30_000 })
      .toContain('up');
    const count = (): number =>
      execFileSync('docker', ['--host', host, 'ps', '-q', '--filter', `label=dev.muster.thread=${id}`], {
        encoding: 'utf8',
      }).split('\n').length - 1;
    const seen = await home.muster(['exec', id, '--', 'sh', '-c', 'grep -l "until" /proc/*/cmdline | head -1'], {
      cwd: repository,
    });
    expect(seen.stdout).toMatch(/^\/proc\/\d+\/cmdline\n/);
    expect(count()).toBe(1);
    // Where *Attach VS Code* leads, by the words that Dev Containers asks an engine with.
    const { sandboxes } = (await home.musterJson(['sandbox', 'stats'], { cwd: repository })) as {
      sandboxes: readonly SandboxJson[];
    };
    const [, hex = '', folder] =
      /\+([0-9a-f]+)(\/.*)$/.exec(attachedFolder(sandboxes[0]?.runtime_ids[0] ?? '', host)) ?? [];
    const place = JSON.parse(Buffer.from(hex, 'hex').toString('utf8')) as AttachedPlace;
    const inside = ['exec', place.containerName, 'cat', `${folder}/agent-compose.yml`];
    expect(dockerCli(place.settings.host, ...inside)).toContain('until [ -e go ]');
    const refused = await home.muster(['sandbox', 'clean', '--all'], { cwd: repository });
    expect(refused.stderr + refused.stdout).toContain('0 removed');
    const { worktrees } = (await home.musterJson(['worktrees'], { cwd: repository })) as {
      worktrees: readonly { path: string }[];
    };
    writeFileSync(join(worktrees[0]?.path ?? '', 'go'), '');
    expect(await home.muster(['wait', id, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
  });

  test('that cannot be had is named, with what was looked at', async () => {
    const { home, repository, run } = await containerHost({
      host,
      image,
      script: 'true',
      agent: { driver: { docker: { host: 'unix:///nowhere/docker.sock' } } },
    });
    await run('Nowhere');
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { latest_run: { status: string; error: { code: string; message: string } } }[];
    };
    expect(threads[0]?.latest_run).toMatchObject({ status: 'failed', error: { code: 'sandbox.unavailable' } });
    expect(threads[0]?.latest_run.error.message).toMatch(/unix:\/\/\/nowhere\/docker\.sock.*Start Docker/);
  });

  test('names an image that is nowhere, and a command that an image lacks', async () => {
    const missing = await containerHost({ host, image: 'localhost:1/no/such:image', script: 'true' });
    await missing.run('Fetch');
    const told = async ({ home, repository }: typeof missing): Promise<string> =>
      (await home.muster(['ps', '--all', '--json'], { cwd: repository })).stdout;
    expect(await told(missing)).toMatch(/localhost:1\/no\/such:image is not on the Docker Engine/);

    const lacking = await containerHost({ host, image, script: 'true', agent: { provider: 'claude' } });
    await lacking.run('Start');
    expect(await told(lacking)).toMatch(/ANTHROPIC_API_KEY|\\"claude\\" is not in the image/);
  });
});

describe.runIf(docker.kind === 'there')('a run with --rm', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('leaves neither container nor home folder', async () => {
    const { home, repository } = await containerHost({ host, image, script: 'echo kept >"$HOME/kept"; echo done' });
    expect(await home.muster(['run', 'dev', '--rm', 'Go'], { cwd: repository })).toMatchObject({ status: 0 });
    expect(await home.musterJson(['sandbox', 'stats'], { cwd: repository })).toEqual({ sandboxes: [] });
  });
});

describe.runIf(docker.kind === 'there')('a container that somebody is in', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('ends before the worktree goes that is mounted in it', async () => {
    const { home, repository, run } = await containerHost({ host, image, script: 'echo work >work.txt' });
    const id = await run('Begin');
    expect(await home.muster(['exec', id, '--', 'true'], { cwd: repository })).toMatchObject({ status: 0 });
    const containers = (): string =>
      execFileSync('docker', ['--host', host, 'ps', '-q', '--filter', `label=dev.muster.thread=${id}`], {
        encoding: 'utf8',
      });
    expect(containers()).not.toBe('');
    expect(await home.muster(['worktrees', 'remove', id], { cwd: repository })).toMatchObject({ status: 0 });
    expect(containers()).toBe('');
  });
});
