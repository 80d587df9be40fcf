import { copyFileSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { GuestServer } from '../../src/client/notebooks/guestServer.js';
import { containerHost, type ContainerHost } from '../support/containerHost.ts';
import { buildGuestImage, dockerCli, dockerUnderTest } from '../support/docker.ts';
import { printed, runCell } from '../support/guestNotebooks.js';
import { tempDirectory } from '../support/tempDirectory.ts';

const docker = dockerUnderTest();
/** The image of Muster's own is built by whichever suite comes first. */
const firstBuildMs = 20 * 60_000;

describe.runIf(docker.kind === 'there')('the notebook server of an agent in a container', () => {
  const { host, nodeImage } = docker.kind === 'there' ? docker : { host: '', nodeImage: '' };

  async function ready(image?: string) {
    const setting = await containerHost({
      host,
      image: image ?? 'muster-guest:latest',
      script: 'cat >task.txt',
      agent: { jupyter: { guest_port: 9100 } },
    });
    if (image === undefined) await buildGuestImage(setting.home, host, nodeImage);
    const thread = await setting.run('Work');
    return { ...setting, thread };
  }

  async function guest({ home }: Pick<ContainerHost, 'home'>, threadId: string): Promise<GuestServer> {
    const { endpoint, notebooks } = await home.connect();
    const { server } = await notebooks.startNotebookServer({ threadId });
    return new GuestServer({ socket: endpoint.socket, token: endpoint.token }, server?.path ?? '');
  }

  const containersOf = (thread: string): readonly string[] =>
    dockerCli(host, 'ps', '-q', '--filter', `label=dev.muster.thread=${thread}`)
      .split('\n')
      .filter(id => id !== '');

  test(
    'is in a container like the agent’s, goes on without a host, and ends with its thread',
    async () => {
      const setting = await ready();
      const { home, thread } = setting;
      const kernel = await (await guest(setting, thread)).kernelOf('a.ipynb', { kernel: 'python3' });
      const code =
        'import os, socket\nkept = 42\nprint(os.getcwd(), os.path.exists("task.txt"), os.path.exists("/muster/runs"))';
      expect(printed((await runCell(kernel, code)).said)).toBe('/workspace True True\n');
      // Nothing of this machine: neither its files nor its network.
      const outside = `print(os.path.exists(${JSON.stringify(setting.repository)}), os.path.exists(${JSON.stringify(home.stateDir)}))`;
      expect(printed((await runCell(kernel, outside)).said)).toBe('False False\n');
      const reach =
        'try:\n    socket.create_connection(("1.1.1.1", 53), 2)\nexcept OSError as error: print("no way out")';
      expect(printed((await runCell(kernel, reach)).said)).toBe('no way out\n');
      const port = 'with socket.create_connection(("127.0.0.1", 9100), 2): print("the port of the file")';
      expect(printed((await runCell(kernel, port)).said)).toBe('the port of the file\n');
      const [container, ...others] = containersOf(thread);
      expect(others).toEqual([]);
      kernel.dispose();

      await home.killHost();
      expect(containersOf(thread)).toEqual([container]);
      const again = await (await guest(setting, thread)).runningKernelOf('a.ipynb');
      expect(printed((await runCell(again!, 'print(kept)')).said)).toBe('42\n');
      again?.dispose();
      const client = await home.connect();
      const { cells } = await client.notebooks.listCells({ threadId: thread });
      expect(cells.map(({ source }) => source)).toEqual([code, outside, reach, port, 'print(kept)']);
      const { server } = await client.notebooks.getNotebookServer({ threadId: thread });
      expect(server).toMatchObject({ state: 'ready', kernels: 1 });

      await client.threads.abandonThread({ threadId: thread });
      expect(containersOf(thread)).toEqual([]);
      expect(globSync(join(home.stateDir, 'notebooks/runs/*/{settings.json,runtime}'))).toEqual([]);
    },
    firstBuildMs,
  );

  test(
    'cannot lead the host elsewhere by what it writes into its own folder',
    async () => {
      const setting = await ready();
      const { home, thread } = setting;
      const kernel = await (await guest(setting, thread)).kernelOf('a.ipynb', { kernel: 'python3' });
      const [folder = ''] = globSync(join(home.stateDir, 'notebooks/runs/*'));
      const secret = join(home.env['HOME'] ?? '', 'secret.txt');
      writeFileSync(secret, 'of the person');
      // Everything that the host reads there: the address, the output, the end, and what it removes afterwards.
      const attack = [
        'import os, glob',
        'folder = glob.glob("/muster/runs/*")[0]',
        `for name in ["settings.json", "stderr.log", "exit.json", "sock"]:`,
        '    path = os.path.join(folder, name)',
        '    if os.path.lexists(path): os.unlink(path)',
        `    os.symlink(${JSON.stringify(secret)}, path)`,
        'os.rename(folder + "/runtime", folder + "/moved")',
        `os.symlink(${JSON.stringify(home.env['HOME'] ?? '')}, folder + "/runtime")`,
        'print("done")',
      ].join('\n');
      expect(printed((await runCell(kernel, attack)).said)).toBe('done\n');
      kernel.dispose();
      const client = await home.connect();
      const { server } = await client.notebooks.stopNotebookServer({ threadId: thread });
      expect(server?.state).toBe('stopped');
      expect(server?.reason).not.toContain('of the person');
      expect(existsSync(secret)).toBe(true);
      expect(existsSync(join(home.env['HOME'] ?? '', 'gitconfig'))).toBe(true);
      expect(existsSync(join(folder, 'settings.json'))).toBe(false);
    },
    firstBuildMs,
  );

  test(
    'is where an agent in a container executes code with its tool',
    async () => {
      const { home } = await ready();
      expect(home.stateDir).not.toBe('');
      const context = tempDirectory('muster-image');
      copyFileSync(inRepository('test/fixtures/toolCaller.mjs'), join(context, 'toolCaller.mjs'));
      const calls = [{ code: 'import os\nkept = 6\nprint(os.getcwd())' }, { code: 'kept * 7' }];
      writeFileSync(join(context, 'calls.json'), JSON.stringify(calls));
      const claude = '#!/bin/sh\ncp /opt/calls.json .\nexec node /opt/toolCaller.mjs "$@"\n';
      writeFileSync(join(context, 'claude'), claude, { mode: 0o755 });
      const recipe = [
        'FROM muster-guest:latest',
        'COPY toolCaller.mjs calls.json /opt/',
        'COPY claude /usr/local/bin/claude',
      ];
      writeFileSync(join(context, 'Dockerfile'), `${recipe.join('\n')}\n`);
      dockerCli(host, 'build', '--quiet', '--tag', 'muster-test/tool-caller', context);
      const setting = await containerHost({
        host,
        image: 'muster-test/tool-caller',
        script: 'exit 1',
        agent: { provider: 'claude', jupyter: { enabled: true } },
        // No model is asked, but a run without one would not start.
        profile: { ANTHROPIC_API_KEY: 'unused' },
      });
      const thread = await setting.run('Work');
      const client = await setting.home.connect();
      const { thread: found, runs } = await client.threads.getThread({ threadId: thread });
      expect(runs.map(({ error }) => error?.message)).toEqual([undefined]);
      const told = JSON.parse(readFileSync(join(found?.worktree ?? '', 'answers.json'), 'utf8')) as {
        tools: string[];
        answers: { content: { text?: string }[] }[];
      };
      expect(told.tools).toEqual(['execute']);
      expect(told.answers.map(({ content }) => content[0]?.text)).toEqual(['/workspace\n', '42']);
      const { cells } = await client.notebooks.listCells({ threadId: thread });
      expect(cells.map(({ source }) => source)).toEqual(calls.map(({ code }) => code));
      await client.threads.abandonThread({ threadId: thread });
      expect(containersOf(thread)).toEqual([]);
    },
    firstBuildMs,
  );

  test('says what the image lacks', async () => {
    const setting = await ready(docker.kind === 'there' ? docker.image : '');
    await expect(guest(setting, setting.thread)).rejects.toMatchObject({
      code: 'notebooks.missing',
      message: expect.stringContaining('muster image build') as string,
    });
    expect(containersOf(setting.thread)).toEqual([]);
  });
});
