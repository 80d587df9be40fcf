import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest } from '../support/cluster.ts';
import { shipped, type ContainerHost } from '../support/containerHost.ts';
import { clusterAdmin, podHost } from '../support/podHost.ts';
import { openTerminal, type OwnTerminal } from '../support/shellInTerminal.ts';

const soon = { timeout: 60_000, interval: 100 };

/** A host with a run at work in a pod; on PATH there is no kubectl. */
async function atWork(): Promise<{ readonly host: ContainerHost; readonly thread: string }> {
  const host = await podHost({ script: 'echo up; until [ -e /tmp/go ]; do sleep 0.1; done' });
  const at = { cwd: host.repository };
  const sent = await host.home.musterJson(['dispatch', 'dev', 'Wait'], at);
  const { thread_id: thread } = sent as { thread_id: string };
  onTestFinished(async () => void (await host.home.muster(['cancel', thread], at)));
  await expect
    .poll(async () => (await host.home.muster(['logs', thread, '--raw'], at)).stdout, { timeout: 90_000 })
    .toContain('up');
  return { host, thread };
}

function shellIn({ home, repository }: ContainerHost, thread: string): OwnTerminal {
  const words = [process.execPath, shipped.cli, 'exec', thread, '--', 'sh'];
  return openTerminal(words, { cwd: repository, env: home.env, rows: 33, columns: 111 });
}

/** `muster exec` without a terminal. */
function execIn({ home, repository }: ContainerHost, thread: string, ...words: readonly string[]) {
  const child = spawn(process.execPath, [shipped.cli, 'exec', thread, '--', ...words], {
    cwd: repository,
    env: home.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const digest = createHash('sha256');
  let length = 0;
  let complaint = '';
  child.stdout.on('data', (bytes: Buffer) => {
    digest.update(bytes);
    length += bytes.length;
  });
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString('utf8')));
  // A program that reads nothing closes it.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  return {
    child,
    over: async () => ({ status: await ended, length, complaint, digest: digest.digest('hex') }),
  };
}

/** What runs in the pod, a line each. */
async function commandsIn({ home, repository }: ContainerHost, thread: string): Promise<string> {
  const script = String.raw`for each in /proc/[0-9]*; do tr '\0' ' ' <$each/cmdline && echo; done`;
  return (await home.muster(['exec', thread, '--', 'sh', '-c', script], { cwd: repository })).stdout;
}

describe.runIf(clusterUnderTest().kind === 'there')('a terminal in a pod, without kubectl', () => {
  test('has the window’s size, is interrupted by its key, and ends with the shell’s exit status', async () => {
    const { host, thread } = await atWork();
    const terminal = shellIn(host, thread);
    terminal.type('echo a$((1 + 1))b\n');
    await expect.poll(terminal.said, soon).toContain('a2b');
    terminal.type('pwd; stty size\n');
    // Nothing is added to what was sent.
    await expect.poll(terminal.said, soon).toContain('\r\n/workspace\r\n33 111\r\n');
    terminal.resize(44, 120);
    await expect
      .poll(() => {
        terminal.type('stty size\n');
        return terminal.said();
      }, soon)
      .toContain('\n44 120\r\n');
    // What is typed is shown too, and is not what it says.
    terminal.type(`sh -c 'trap "echo cau""ght; exit" INT; echo wai""ts; while :; do sleep 1; done'\n`);
    await expect.poll(terminal.said, soon).toContain('waits\r\n');
    terminal.type('\x03');
    await expect.poll(terminal.said, soon).toContain('caught\r\n');
    terminal.type('echo aft""er\n');
    await expect.poll(terminal.said, soon).toContain('after\r\n');
    terminal.type('exit 7\n');
    expect(await terminal.ended).toBe(7);
  });

  test('ends what it began when its window is closed', async () => {
    const { host, thread } = await atWork();
    const terminal = shellIn(host, thread);
    terminal.type('sleep 777\n');
    await expect.poll(() => commandsIn(host, thread), soon).toContain('sleep 777');
    terminal.kill();
    await expect.poll(() => commandsIn(host, thread), soon).not.toContain('sleep 777');
  });

  test('ends when its pod goes', async () => {
    const { host, thread } = await atWork();
    const terminal = shellIn(host, thread);
    terminal.type('echo a$((1 + 1))b\n');
    await expect.poll(terminal.said, soon).toContain('a2b');
    const { core, namespace, podsOf } = clusterAdmin();
    const [pod] = await podsOf(thread);
    await core.deleteNamespacedPod({ namespace, name: pod?.metadata?.name ?? '', gracePeriodSeconds: 1 });
    expect(await terminal.ended).toBeGreaterThan(0);
  });

  test('is no terminal in a pipe: what goes in and out is whole, and the exit status comes back', async () => {
    const { host, thread } = await atWork();
    const sent = randomBytes(20 * 1024 ** 2);
    const echoed = execIn(host, thread, 'cat');
    echoed.child.stdin.end(sent);
    const whole = createHash('sha256').update(sent).digest('hex');
    expect(await echoed.over()).toEqual({ status: 0, length: sent.length, complaint: '', digest: whole });

    // Its input stays open, and nobody reads what it says for a while.
    const large = execIn(host, thread, 'sh', '-c', 'head -c 50000000 /dev/zero; echo over >&2; exit 3');
    large.child.stdout.pause();
    await expect.poll(() => large.child.stdout.readableLength, soon).toBeGreaterThan(0);
    large.child.stdout.resume();
    expect(await large.over()).toMatchObject({ status: 3, length: 50_000_000, complaint: 'over\n' });

    const without = execIn(host, thread, 'sh', '-c', 'cat; echo end');
    without.child.stdin.end();
    expect(await without.over()).toMatchObject({ status: 0, length: 4 });

    // Whoever read it has enough.
    const endless = execIn(host, thread, 'yes');
    await new Promise(resolve => endless.child.stdout.once('data', resolve));
    endless.child.stdout.destroy();
    await endless.over();
    await expect.poll(() => commandsIn(host, thread), soon).not.toMatch(/^yes $/m);

    const unknown = execIn(host, thread, 'no-such-program');
    expect(await unknown.over()).toMatchObject({ complaint: expect.stringContaining('not found') as string });
  });
});
