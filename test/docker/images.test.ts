import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { containerHost, shipped } from '../support/containerHost.ts';
import { buildGuestImage, dockerCli, dockerUnderTest } from '../support/docker.ts';
import { testHome, type TestHome } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const docker = dockerUnderTest();
const { host, image, nodeImage } = docker.kind === 'there' ? docker : { host: '', image: '', nodeImage: '' };

interface ImageJson {
  readonly image_id: string;
  readonly image_ref: string;
  readonly repo_tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

function engineHome(): TestHome {
  return testHome(shipped, { env: { DOCKER_HOST: host } });
}

/** For what is fetched and compiled: once, then the engine has every step. */
const firstBuildMs = 15 * 60_000;

async function listed(home: TestHome, query: string): Promise<readonly ImageJson[]> {
  const { images } = (await home.musterJson(['images', '--query', query])) as { images: readonly ImageJson[] };
  return images;
}

/** A registry of this machine, as engines take it without TLS. */
async function registry(): Promise<string> {
  const folder = tempDirectory('muster-registry');
  const port = 30_000 + Math.floor(Math.random() * 2_000);
  const config = join(folder, 'config.yml');
  const lines = ['version: 0.1', 'storage:', `  filesystem: {rootdirectory: ${folder}/data}`];
  writeFileSync(config, `${[...lines, `http: {addr: "127.0.0.1:${port}"}`].join('\n')}\n`);
  const server = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  onTestFinished(() => void server.kill());
  const answers = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined))?.ok === true;
  await expect.poll(answers, { timeout: 20_000 }).toBe(true);
  return `127.0.0.1:${port}`;
}

describe.runIf(docker.kind === 'there')('the image of Muster’s own', () => {
  test(
    'is built by one command, and has git, Node, the four CLIs and Jupyter for a user who is not root',
    async () => {
      const home = engineHome();
      const name = await buildGuestImage(home, host, nodeImage);
      expect(await listed(home, name)).toMatchObject([
        { image_ref: name, labels: { 'dev.muster.built': expect.any(String) } },
      ]);
      const programs = ['git', 'node', 'claude', 'codex', 'gemini', 'opencode', 'jupyter', 'rg', 'python3'];
      const script = `id -u; for each in ${programs.join(' ')}; do command -v $each >/dev/null || echo "no $each"; done; claude --version; codex --version 2>/dev/null; gemini --version; opencode --version; jupyter server --version`;
      const limits = ['--network', 'none', '--read-only', '--tmpfs', '/tmp', '--env', 'HOME=/tmp'];
      const said = dockerCli(host, 'run', '--rm', ...limits, name, 'sh', '-c', script);
      expect(said.split('\n')).toEqual([
        '1000',
        expect.stringMatching(/^2\.1/),
        ...Array(4).fill(expect.stringMatching(/\d+\.\d+/)),
      ]);
    },
    firstBuildMs,
  );
});

describe.runIf(docker.kind === 'there')('images', () => {
  test('are listed, inspected, fetched, removed, and missing ones named', async () => {
    const home = engineHome();
    const address = await registry();
    const far = `${address}/shop/dev:1`;
    dockerCli(host, 'tag', image, far);
    dockerCli(host, 'push', '--quiet', far);
    expect(await home.musterJson(['rmi', far])).toMatchObject({
      image_ref: far,
      untagged_refs: expect.arrayContaining([far]),
    });
    expect(await listed(home, far)).toEqual([]);
    const pulled = await home.muster(['pull', far]);
    expect(pulled.stdout).toMatch(new RegExp(`^Pulled ${far}\\nResolved: ${address}/shop/dev@sha256:`));
    expect(pulled.stderr).toContain('Pull');
    expect(await listed(home, far)).toMatchObject([{ repo_tags: expect.arrayContaining([far]) }]);
    expect(await home.musterJson(['image', 'inspect', far])).toMatchObject({
      details: { RepoTags: expect.arrayContaining([far]) },
    });

    const missing = await home.muster(['pull', `${address}/no/such:1`]);
    expect(missing.status).not.toBe(0);
    expect(missing.stderr).toMatch(/could not be fetched: .*(not found|unknown).* Check its name/);
    expect((await home.muster(['rmi', 'no/such:1'])).stderr).toContain('has no image no/such:1');
    expect((await home.muster(['pull', '--platform', 'amd64', far])).stderr).toContain('expected os/arch[/variant]');
    dockerCli(host, 'rmi', far);
  });

  test('come from IMAGE_REGISTRY when their name has no registry', async () => {
    const address = await registry();
    dockerCli(host, 'tag', image, `${address}/short:1`);
    dockerCli(host, 'push', '--quiet', `${address}/short:1`);
    dockerCli(host, 'rmi', `${address}/short:1`);
    const home = engineHome();
    writeFileSync(join(home.env['HOME'] ?? '', '.profile'), `export DOCKER_HOST=${host} IMAGE_REGISTRY=${address}\n`);
    expect(await home.muster(['pull', 'short:1'])).toMatchObject({ status: 0 });
    expect(await listed(home, 'short:1')).toHaveLength(1);
    dockerCli(host, 'rmi', 'short:1', `${address}/short:1`);
  });

  test('of a folder are built without what .dockerignore names, with progress, and pruned when nothing needs them', async () => {
    const home = engineHome();
    const folder = tempDirectory('muster-build');
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${image}\nARG WORD=none\nCOPY . /src\nRUN echo "$WORD" >/word\n`);
    writeFileSync(join(folder, '.dockerignore'), 'secret.txt\ndeep\n!deep/kept.txt\n');
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    writeFileSync(join(folder, 'deep/kept.txt'), 'kept');
    writeFileSync(join(folder, 'deep/other.txt'), 'other');
    writeFileSync(join(folder, 'empty.txt'), '');
    const args = ['image', 'build', '-t', 'muster-test/built:1', '--build-arg', 'WORD=hello', `${folder}/`];
    const built = await home.muster(args);
    expect(built).toMatchObject({ status: 0, stdout: 'Built muster-test/built:1\n' });
    expect(built.stderr).toMatch(/Step 4\/\d+ : RUN/);
    const inside = dockerCli(
      host,
      'run',
      '--rm',
      'muster-test/built:1',
      'sh',
      '-c',
      'cat /word; cd /src; find . -type f',
    );
    expect(inside.split('\n').toSorted()).toEqual([
      './.dockerignore',
      './Dockerfile',
      './deep/kept.txt',
      './empty.txt',
      'hello',
    ]);

    const broken = join(folder, 'Broken');
    writeFileSync(broken, `FROM ${image}\nRUN exit 7\n`);
    const failed = await home.muster([
      'image',
      'build',
      '-t',
      'muster-test/broken:1',
      '--dockerfile',
      'Broken',
      folder,
    ]);
    expect(failed.stderr).toMatch(/could not be built of .*Broken.*returned a non-zero code: 7/);

    const wouldGo = (await home.musterJson(['image', 'prune', '--dry-run'])) as { images: readonly ImageJson[] };
    expect(wouldGo.images.map(({ image_ref: ref }) => ref)).toContain('muster-test/built:1');
    expect(wouldGo.images.map(({ image_ref: ref }) => ref)).not.toContain('muster-guest:latest');
    expect(await home.muster(['image', 'prune'])).toMatchObject({ status: 0 });
    expect(await listed(home, 'muster-test/built')).toEqual([]);
  });
});

describe.runIf(docker.kind === 'there')('an agent with build', () => {
  test('runs in what its Dockerfile makes, and in a new one when that was changed', async () => {
    const { home, repository, run } = await containerHost({
      host,
      image: 'muster-test/agent-dev:latest',
      script: 'cat /made',
      agent: { build: { context: './images/dev', args: { BASE: image } } },
    });
    mkdirSync(join(repository, 'images/dev'), { recursive: true });
    const recipe = (word: string): void =>
      writeFileSync(join(repository, 'images/dev/Dockerfile'), `ARG BASE\nFROM $BASE\nRUN echo ${word} >/made\n`);
    recipe('first');
    const first = await run('Look');
    expect((await home.muster(['logs', first, '--raw'], { cwd: repository })).stdout).toBe('first\n');
    recipe('second');
    const second = await run('Look again');
    expect((await home.muster(['logs', second, '--raw'], { cwd: repository })).stdout).toBe('second\n');
    const again = await home.muster(['image', 'build', 'dev', '--no-cache'], { cwd: repository });
    expect(again.stderr + again.stdout).toMatch(/Step 3\/\d+.*Built muster-test\/agent-dev:latest/s);
    dockerCli(host, 'rmi', '--force', 'muster-test/agent-dev:latest');
  });

  test('says what its Dockerfile says went wrong, and never fetches with pull: never', async () => {
    const broken = await containerHost({
      host,
      image: 'muster-test/agent-broken:latest',
      script: 'true',
      agent: { build: { context: './images/dev' } },
    });
    await broken.run('Look');
    const told = async (): Promise<string> =>
      (await broken.home.muster(['ps', '--all', '--json'], { cwd: broken.repository })).stdout;
    expect(await told()).toMatch(/muster-test\/agent-broken:latest is built of .*images\/dev\/Dockerfile/);

    const doctored = await broken.home.muster(['doctor'], { cwd: broken.repository });
    expect(doctored.stdout).toContain('not on the engine: muster-test/agent-broken:latest');

    const { home, repository, run } = await containerHost({
      host,
      image: 'muster-test/never:1',
      script: 'true',
      agent: { sandbox: { pull: 'never' } },
    });
    await run('Look');
    expect((await home.muster(['ps', '--all', '--json'], { cwd: repository })).stdout).toContain(
      'sandbox.pull is never',
    );
  });
});
