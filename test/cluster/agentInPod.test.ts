import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest, presentCluster } from '../support/cluster.ts';
import { git } from '../support/containerHost.ts';
import { clusterAdmin, podHost, shownThread } from '../support/podHost.ts';

describe.runIf(clusterUnderTest().kind === 'there')('an agent in a pod', () => {
  test('works on the worktree, commits, and its thread is reviewed and merged', async () => {
    const script = [
      'git log --format=%s; cat >task.txt; cat readme.md; id -u; echo "$HOME"',
      'rm readme.md; mkdir deep; echo new >deep/new.txt; ln -s deep link',
      'git add -A && git commit -qm "By the agent"; echo later >later.txt; echo kept >$HOME/kept; ls /muster',
      'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "line $i"; done',
    ].join('\n');
    const host = await podHost({ script });
    const { home, repository, run } = host;
    const id = await run('Write it down');
    const thread = await shownThread(host);
    expect(thread, thread.latest_run.error?.message).toMatchObject({ status: 'ready' });
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said).toMatch(/^Begin\none\n1000\n\/muster\/home\n/);
    expect(said).toMatch(/\nline 2000\n$/);
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'log', '--format=%s', `main..${head}`).split('\n')).toEqual([
      'Write it down',
      'By the agent',
    ]);
    expect(await home.musterJson(['merge', id, '--expect', head], { cwd: repository })).toMatchObject({
      status: 'merged',
    });
    expect(existsSync(join(repository, 'readme.md'))).toBe(false);
    expect(readFileSync(join(repository, 'link/new.txt'), 'utf8')).toBe('new\n');
    expect(readFileSync(join(repository, 'later.txt'), 'utf8')).toBe('later\n');
    const { jobsOf, podsOf } = clusterAdmin();
    expect(await jobsOf(id)).toEqual([]);
    await expect.poll(async () => (await podsOf(id)).length, { timeout: 60_000 }).toBe(0);
  });

  test('reaches the hosts that its file names, by way of the host, and no others', async () => {
    const outside = createServer((_, answer) => answer.end('from outside\n'));
    const { promise, resolve } = Promise.withResolvers<void>();
    outside.listen(0, '127.0.0.1', resolve);
    await promise;
    onTestFinished(() => void outside.close());
    const { port } = outside.address() as AddressInfo;
    const ask = (target: string): string =>
      `node -e 'require("http").request({ port: 3128, method: "CONNECT", path: "${target}" }).on("connect", (a, s) => { console.log(a.statusCode); s.on("data", d => process.stdout.write(d)).on("close", () => process.exit()); if (a.statusCode === 200) s.write("GET / HTTP/1.0\\r\\n\\r\\n"); else s.end() }).on("error", e => console.log(e.message)).end()' 2>&1`;
    const script = ['cat >/dev/null; echo $HTTPS_PROXY', ask(`127.0.0.1:${port}`), ask('127.0.0.1:9')].join('\n');
    const { nodeImage } = presentCluster();
    const sandbox = { pull: 'never', network: [`127.0.0.1:${port}`] };
    const { home, repository, run } = await podHost({ script, agent: { image: nodeImage, sandbox } });
    const id = await run('Fetch');
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said).toMatch(/^http:\/\/127\.0\.0\.1:3128\n200\n/);
    expect(said).toContain('from outside');
    expect(said.trimEnd()).toMatch(/\n403\b/);
  });

  test('has what its conversation was in when it is asked again', async () => {
    const { home, repository, run } = await podHost({
      script: 'cat >/dev/null; cat $HOME/kept; echo kept >$HOME/kept',
    });
    const id = await run('First');
    await home.musterJson(['dispatch', 'dev', 'Second', '--thread', id], { cwd: repository });
    await home.muster(['wait', id, '--timeout', '60'], { cwd: repository });
    expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toContain('kept');
  });

  test('has no root, no power, no token of the cluster, and its secrets are in no job', async () => {
    const script = 'grep Cap /proc/self/status; ls /var/run/secrets 2>&1; touch /x 2>&1; cat; sleep 2; echo over';
    const host = await podHost({ script, agent: { env: { API_TOKEN: { value: 'hunter2-hunter2', secret: true } } } });
    const { home, repository } = host;
    const sent = await home.musterJson(['dispatch', 'dev', 'Show it'], { cwd: repository });
    const { thread_id: id } = sent as { thread_id: string };
    const { jobsOf, podsOf } = clusterAdmin();
    await expect.poll(async () => (await podsOf(id)).length, { timeout: 60_000 }).toBe(1);
    const made = JSON.stringify([await jobsOf(id), await podsOf(id)]);
    for (const secret of ['hunter2', 'API_TOKEN', 'Show it']) expect(made).not.toContain(secret);
    await home.muster(['wait', id, '--timeout', '60'], { cwd: repository });
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(said).toContain(`${set}:\t0000000000000000`);
    expect(said).toMatch(/\/var\/run\/secrets'?: No such file/);
    expect(said).toMatch(/\/x'?: Read-only file system/);
  });
});
