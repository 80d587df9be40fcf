import { describe, expect, test } from 'vitest';
import { containerHost } from '../support/containerHost.ts';
import { dockerCli, dockerUnderTest, ownVolumes } from '../support/docker.ts';

const docker = dockerUnderTest();
const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

describe.runIf(docker.kind === 'there')('muster volume', () => {
  test('makes, lists, shows, keeps and removes volumes of the engine', async () => {
    const own = ownVolumes(host, 'muster-cli');
    const [seeds, beds, theirs] = [`${own}-seeds`, `${own}-beds`, `${own}-theirs`];
    const { home, run } = await containerHost({
      host,
      image,
      script: 'echo kept >/seeds/note',
      project: { volumes: { seeds: { name: seeds } } },
      agent: { volumes: ['seeds:/seeds'] },
    });
    await run('Sow');
    dockerCli(host, 'volume', 'create', theirs);
    expect(await home.muster(['volume', 'create', beds, '--label', 'bed=two'])).toMatchObject({ stdout: `${beds}\n` });
    const again = await home.muster(['volume', 'create', beds]);
    expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining('there before') });
    expect(await home.musterJson(['volume', 'ls'])).toMatchObject({
      volumes: expect.arrayContaining([
        expect.objectContaining({ name: beds, driver: 'local', labels: { bed: 'two' }, projects: [] }),
        expect.objectContaining({ name: seeds, project_id: expect.any(String) }),
      ]),
      total: 2,
    });
    expect((await home.muster(['volume', 'ls', '--query', 'BEDS'])).stdout).toContain(beds);
    expect(await home.musterJson(['volume', 'inspect', beds])).toMatchObject({ volume: { path: expect.any(String) } });
    expect(await home.musterJson(['inspect', 'volume', beds])).toMatchObject({ volume: { name: beds } });
    expect(await home.muster(['volume', 'inspect', theirs])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('muster volume ls'),
    });

    const asked = await home.muster(['volume', 'prune']);
    expect(asked).toMatchObject({ status: 0, stderr: expect.stringContaining('--force') });
    expect(asked.stdout).toContain(beds);
    expect(asked.stdout).not.toContain(seeds);
    expect(await home.musterJson(['volume', 'prune', '--force'])).toMatchObject({
      dry_run: false,
      removed: [{ name: beds }],
      skipped: [{ name: seeds }],
    });
    expect(await home.muster(['volume', 'rm', seeds])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('agents name it'),
    });
    expect(await home.muster(['volume', 'rm', '--force', seeds])).toMatchObject({ status: 0 });
    expect(dockerCli(host, 'volume', 'ls', '--quiet', '--filter', `name=${own}`)).toBe(theirs);
  });
});
