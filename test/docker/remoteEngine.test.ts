import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containerHost, git, shipped } from '../support/containerHost.ts';
import { buildGuestImage, dockerUnderTest, sshTo } from '../support/docker.ts';
import { agentClis, findAgentClis } from '../support/agents/agentClis.ts';
import { startAgentHost } from '../support/agents/agentHost.ts';
import { dispatchAndWait, threadOf } from '../support/agents/threads.ts';
import { testRepository } from '../support/hostProcess.ts';
import { other, otherMachine } from '../support/otherMachine.ts';
import { stringify } from 'yaml';

const docker = dockerUnderTest();
const { host: localHost, image, nodeImage } = docker.kind === 'there' ? docker : { host: '', image: '', nodeImage: '' };

describe.runIf(docker.kind === 'there')('an engine on another machine', () => {
  test('over TCP and TLS: files go there and come back, commits too, and nothing of it stays there', async () => {
    const { address, certificates: tls } = await otherMachine(localHost, [image]);
    const script = [
      'git log --format=%s; cat >task.txt; cat readme.md',
      'rm readme.md; mkdir deep; echo new >deep/new.txt; ln -s deep link',
      'git add -A && git commit -qm "By the agent"; echo later >later.txt',
      'echo "$HOME" >$HOME/kept; pwd; ls /muster; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "line $i"; done',
    ].join('\n');
    const env = { DOCKER_CERT_PATH: tls, DOCKER_TLS_VERIFY: '1' };
    const { home, repository, run } = await containerHost({ host: address, image, script, env, profile: env });
    const id = await run('Write it down');
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { status: string; latest_run: { status: string; error?: { message: string } } }[];
    };
    expect(threads[0], threads[0]?.latest_run.error?.message).toMatchObject({ status: 'ready' });
    const said = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(said).toMatch(/^Begin\none\n/);
    expect(said).toMatch(/\/workspace\n[^]*line 2000\n$/);
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'log', '--format=%s', `main..${head}`).split('\n')).toEqual([
      'Write it down',
      'By the agent',
    ]);
    expect(await home.musterJson(['merge', id, '--expect', head], { cwd: repository })).toMatchObject({
      status: 'merged',
    });
    expect(existsSync(join(repository, 'readme.md'))).toBe(false);
    expect(readFileSync(join(repository, 'deep/new.txt'), 'utf8')).toBe('new\n');
    expect(readFileSync(join(repository, 'later.txt'), 'utf8')).toBe('later\n');
    expect(readFileSync(join(repository, 'link/new.txt'), 'utf8')).toBe('new\n');
    expect(other(address, tls, 'ps', '-aq')).toBe('');
    // Nobody works in an empty container whose files would go with it.
    const entered = await home.muster(['exec', id, '--', 'true'], { cwd: repository });
    expect(entered.stderr).toContain('only then can be entered');
    expect(other(address, tls, 'ps', '-aq')).toBe('');
    // The agent's home folder stays for its next run.
    expect(other(address, tls, 'volume', 'ls', '-q')).toMatch(/^muster-home-\w+$/);
    await home.muster(['sandbox', 'clean', '--all'], { cwd: repository });
    expect(other(address, tls, 'volume', 'ls', '-q')).toBe('');
  });

  test('a host that is killed meanwhile is followed by one that fetches what the run left', async () => {
    const { address, certificates: tls } = await otherMachine(localHost, [image]);
    const env = { DOCKER_CERT_PATH: tls, DOCKER_TLS_VERIFY: '1' };
    const script = 'echo up; sleep 6; echo done >done.txt; echo over';
    const { home, repository } = await containerHost({ host: address, image, script, env, profile: env });
    const sent = await home.musterJson(['dispatch', 'dev', 'Wait'], { cwd: repository });
    const { thread_id: id } = sent as { thread_id: string };
    const said = async (): Promise<string> => (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    await expect.poll(said, { timeout: 60_000 }).toContain('up');
    await home.killHost();
    const running = (): string => other(address, tls, 'ps', '-q');
    await expect.poll(running, { timeout: 30_000, interval: 500 }).toBe('');
    expect(await home.muster(['wait', id, '--timeout', '60'], { cwd: repository })).toMatchObject({ status: 0 });
    expect(await said()).toBe('up\nover\n');
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', `${head}:done.txt`)).toBe('done');
    expect(other(address, tls, 'ps', '-aq')).toBe('');
  });

  test('over ssh, by the system’s own', async () => {
    const { home, repository, run } = await containerHost({
      host: 'ssh://ada@far.example',
      image,
      script: 'echo there >there.txt; echo said',
      profile: { PATH: `${sshTo(localHost)}:${process.env['PATH'] ?? ''}` },
    });
    const id = await run('Go there');
    expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toBe('said\n');
    expect((await home.muster(['diff', id], { cwd: repository })).stdout).toContain('+there');
  });
});

const clis = findAgentClis();
describe.skipIf(docker.kind === 'missing' || 'missing' in clis)('a real CLI on another machine', () => {
  test(
    'reaches its model over the engine alone',
    async () => {
      await buildGuestImage((await plainHost()).home, localHost, nodeImage);
      const { address, certificates: tls } = await otherMachine(localHost, ['muster-guest:latest']);
      const cli = agentClis.claude;
      const task = 'Add hello.txt with a greeting';
      const agent = {
        provider: cli.name,
        model: cli.model,
        image: 'muster-guest:latest',
        driver: { docker: { host: address } },
      };
      const repository = testRepository({ 'agent-compose.yml': stringify({ name: 'shop', agents: { dev: agent } }) });
      const { home } = await startAgentHost({
        programs: shipped,
        clis: 'folder' in clis ? clis.folder : '',
        throughHost: true,
        profile: { DOCKER_CERT_PATH: tls, DOCKER_TLS_VERIFY: '1' },
        script: [
          {
            prompt: task,
            steps: [
              { text: 'I will add it.', toolCall: cli.writeFile('hello.txt', 'Hello from afar') },
              { text: 'hello.txt greets now.' },
            ],
          },
        ],
      });
      expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
      const thread = await dispatchAndWait(home, repository, [task]);
      const { latest_run: run } = await threadOf(home, repository, thread);
      expect(run, run.error?.message).toMatchObject({ status: 'succeeded' });
      expect((await home.muster(['diff', thread], { cwd: repository })).stdout).toContain('+Hello from afar');
    },
    15 * 60_000,
  );
});

async function plainHost() {
  return await containerHost({ host: localHost, image, script: 'true' });
}
