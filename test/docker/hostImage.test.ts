import { describe, expect, onTestFinished, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { shipped } from '../support/containerHost.ts';
import { dockerCli, dockerUnderTest } from '../support/docker.ts';
import { testHome } from '../support/hostProcess.ts';

const engine = dockerUnderTest();
const { host, nodeImage } = engine.kind === 'there' ? engine : { host: '', nodeImage: '' };

describe.runIf(engine.kind === 'there')('the image of a host', () => {
  test('is healthy as an ordinary user, keeps its state, and does a task for somebody elsewhere', async () => {
    const home = testHome(shipped, { env: { DOCKER_HOST: host } });
    const tag = 'muster-test/host:1';
    const recipe = ['--dockerfile', 'images/host/Dockerfile', '--build-arg', `BASE=${nodeImage}`];
    const built = await home.muster(['image', 'build', '--tag', tag, ...recipe, inRepository()]);
    expect(built.stderr).not.toContain('muster:');
    expect(built.status).toBe(0);
    const name = 'muster-test-host';
    const volumes = [`${name}-state:/var/lib/muster`, `${name}-repositories:/repositories`];
    const docker = (...args: readonly string[]): string => dockerCli(host, ...args);
    onTestFinished(() => {
      docker('rm', '--force', name);
      for (const volume of volumes) docker('volume', 'rm', volume.split(':')[0] ?? '');
      docker('rmi', tag);
    });
    const start = (): void => {
      const options = ['--init', '--name', name, '--network', 'host', '--health-interval', '1s'];
      const kept = volumes.flatMap(volume => ['--volume', volume]);
      docker('run', '--detach', ...options, ...kept, tag, 'daemon', '--listen', '127.0.0.1:7419');
    };
    start();
    await expect
      .poll(() => docker('inspect', '--format', '{{.State.Health.Status}}', name), { timeout: 60_000 })
      .toBe('healthy');
    expect(docker('exec', name, 'id', '-un')).toBe('agent');
    // Sources, settings and what tests made are nobody's business there.
    expect(docker('exec', name, 'ls', '/opt/muster').split('\n')).toEqual(['dist', 'package.json']);
    expect(docker('exec', name, 'sh', '-c', 'ls /opt/muster/dist | grep -c map$ || true')).toBe('0');

    const file =
      "name: shop\nproviders: {talk: {command: sh, args: [-c, 'echo done >done.txt'], permissions: auto}}\nagents: {dev: {provider: talk}}\n";
    const project = `git init -q -b main shop && cd shop && git config user.name A && git config user.email a@b.c
      printf %s "$0" >agent-compose.yml && git add -A && git commit -qm Begin && muster up --yes`;
    docker('exec', name, 'sh', '-c', project, file);
    const token = docker('exec', name, 'muster', 'token', 'create', '--name', 'laptop', '--scope', 'operate').match(
      /muster_\w+/,
    )?.[0];
    const elsewhere = testHome(shipped, { env: { MUSTER_HOST: 'http://127.0.0.1:7419', MUSTER_TOKEN: token ?? '' } });
    const given = await elsewhere.muster(['dispatch', '-p', 'shop', 'dev', 'Do it', '--wait']);
    expect(given).toMatchObject({ status: 0 });

    docker('rm', '--force', name);
    start();
    await expect
      .poll(() => docker('inspect', '--format', '{{.State.Health.Status}}', name), { timeout: 60_000 })
      .toBe('healthy');
    const { stdout } = await elsewhere.muster(['ps', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ threads: [{ agent: 'dev' }] });
  });
});
