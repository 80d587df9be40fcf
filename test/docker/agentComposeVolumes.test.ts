import { Code, createClient } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { VolumeService } from '../../src/protocol/gen/agentcompose/v2/volumes_pb.js';
import { transportTo, wires, type Wire } from '../support/agentCompose/wires.ts';
import { containerHost } from '../support/containerHost.ts';
import { dockerCli, dockerUnderTest, ownVolumes } from '../support/docker.ts';

const docker = dockerUnderTest();
const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

describe.runIf(docker.kind === 'there')('volumes of an engine, as agent-compose’s clients see them', () => {
  test('are made, listed, kept while an agent or a container needs them, and removed; others’ are not there', async () => {
    const own = ownVolumes(host, 'muster-compat');
    const [seeds, theirs, kept] = [`${own}-seeds`, `${own}-theirs`, `muster-home-${own}`];
    const { home, run } = await containerHost({
      host,
      image,
      script: 'echo kept >/seeds/note',
      profile: { DOCKER_HOST: host },
      project: { volumes: { seeds: { name: seeds } } },
      agent: { volumes: ['seeds:/seeds'] },
    });
    await run('Sow');
    const { projects } = await (await home.connect()).projects.listProjects({});
    const projectId = projects[0]?.id ?? '';
    dockerCli(host, 'volume', 'create', theirs);
    // As the host keeps runs of an engine elsewhere; its label is that of the volume that the run has made.
    const state = dockerCli(host, 'volume', 'inspect', '--format', '{{index .Labels "dev.muster.state"}}', seeds);
    dockerCli(host, 'volume', 'create', '--label', `dev.muster.state=${state}`, kept);
    for (const [turn, wire] of (Object.keys(wires) as Wire[]).entries()) {
      const volumes = createClient(VolumeService, transportTo({ home }, wire));
      const name = `${own}-${turn}`;
      const made = await volumes.createVolume({ name, labels: { bed: 'two' } });
      expect(made, wire).toMatchObject({ created: true, volume: { name, driver: 'local', labels: { bed: 'two' } } });
      expect(await volumes.createVolume({ name, labels: { bed: 'one' } }), wire).toMatchObject({
        created: false,
        volume: { labels: { bed: 'two' } },
      });
      const listed = await volumes.listVolumes({});
      expect(listed.volumes.map(volume => volume.name).toSorted(), wire).toEqual([name, seeds]);
      expect(await volumes.listVolumes({ projectId }), wire).toMatchObject({
        total: 1,
        volumes: [{ name: seeds, projectId }],
      });
      const { volume } = await volumes.inspectVolume({ name });
      expect(volume?.path, wire).toContain(name);
      expect(volume?.createdAt, wire).toBeDefined();

      for (const other of [theirs, kept, 'none']) {
        await expect(volumes.inspectVolume({ name: other }), wire).rejects.toMatchObject({ code: Code.NotFound });
        const removing = volumes.removeVolume({ name: other, force: true });
        await expect(removing, wire).rejects.toMatchObject({ code: Code.NotFound });
      }
      const taken = volumes.createVolume({ name: theirs });
      await expect(taken, wire).rejects.toMatchObject({ code: Code.FailedPrecondition });
      const named = volumes.removeVolume({ name: seeds });
      await expect(named, wire).rejects.toMatchObject({ rawMessage: expect.stringContaining('agents name it') });

      const container = dockerCli(host, 'create', '--volume', `${name}:/there`, image, 'true');
      const busy = volumes.removeVolume({ name, force: true });
      await expect(busy, wire).rejects.toMatchObject({ rawMessage: expect.stringContaining('in use') });
      const nothing = await volumes.pruneVolumes({ force: true });
      expect(nothing, wire).toMatchObject({ dryRun: false, removed: [] });
      expect(nothing.skipped.map(each => each.name).toSorted(), wire).toEqual([name, seeds]);
      dockerCli(host, 'rm', container);
      expect(await volumes.pruneVolumes({ query: name }), wire).toMatchObject({
        dryRun: true,
        matched: [{ name }],
        removed: [],
      });
      expect(await volumes.pruneVolumes({ force: true }), wire).toMatchObject({ removed: [{ name }] });
      await expect(volumes.inspectVolume({ name }), wire).rejects.toMatchObject({ code: Code.NotFound });
    }
    // With force also what an agent names: its next run makes it again, empty.
    const volumes = createClient(VolumeService, transportTo({ home }, 'gRPC'));
    expect(await volumes.removeVolume({ name: seeds, force: true })).toMatchObject({ removed: true });
    const left = dockerCli(host, 'volume', 'ls', '--quiet', '--filter', `name=${own}`).split('\n');
    expect(left).toEqual(expect.arrayContaining([theirs, kept]));
    expect(left).not.toContain(seeds);
  });
});
