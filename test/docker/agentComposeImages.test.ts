import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Code, createClient } from '@connectrpc/connect';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CacheService, CacheStatus } from '../../src/protocol/gen/agentcompose/v2/caches_pb.js';
import { ImageOperationStatus, ImageService } from '../../src/protocol/gen/agentcompose/v2/images_pb.js';
import { transportTo, wires, type Wire } from '../support/agentCompose/wires.ts';
import { shipped } from '../support/containerHost.ts';
import { dockerCli, dockerUnderTest } from '../support/docker.ts';
import { testHome } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const docker = dockerUnderTest();
const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

describe.runIf(docker.kind === 'there')('images of an engine, as agent-compose’s clients see them', () => {
  test('are built, listed, looked at, kept while somebody needs them, and removed, whichever way a client asks', async () => {
    const home = testHome(shipped);
    const person = home.env['HOME'] ?? '';
    mkdirSync(person, { recursive: true });
    writeFileSync(join(person, '.profile'), `export DOCKER_HOST=${host}\n`);
    await home.connect();
    const context = tempDirectory('muster-build');
    writeFileSync(join(context, 'Dockerfile'), `FROM ${image}\nRUN echo made >/made\n`);
    // Not the one that suites beside this one have containers of.
    const theirs = 'muster-test/theirs:1';
    dockerCli(host, 'create', '--name', 'muster-theirs', image, 'true');
    dockerCli(host, 'commit', 'muster-theirs', theirs);
    dockerCli(host, 'rm', 'muster-theirs');
    onTestFinished(() => void dockerCli(host, 'rmi', theirs));
    for (const [turn, wire] of (Object.keys(wires) as Wire[]).entries()) {
      const transport = transportTo({ home }, wire);
      const [images, caches] = [createClient(ImageService, transport), createClient(CacheService, transport)];
      const name = `muster-test/compat-${turn}:1`;
      const steps = [];
      for await (const step of images.buildImage({ contextDir: context, dockerfile: 'Dockerfile', tags: [name] }))
        steps.push(step);
      expect(steps.at(-1), wire).toMatchObject({ status: ImageOperationStatus.SUCCEEDED, imageRef: name });
      const listed = await images.listImages({ query: name });
      expect(listed, wire).toMatchObject({ total: 1, images: [{ imageRef: name }] });
      const imageId = listed.images[0]?.imageId ?? '';
      expect((await images.inspectImage({ imageRef: name })).image, wire).toMatchObject({ imageId });

      const { cache } = await caches.inspectCache({ cacheId: imageId });
      expect(cache, wire).toMatchObject({ imageRef: name, status: CacheStatus.UNUSED, removable: true });
      dockerCli(host, 'create', '--name', `muster-compat-${turn}`, name, 'true');
      const busy = await caches.removeCache({ cacheId: imageId, force: true });
      expect(busy, wire).toMatchObject({ removed: [], skipped: [{ status: CacheStatus.ACTIVE }] });
      dockerCli(host, 'rm', `muster-compat-${turn}`);
      const dry = await caches.pruneCaches({ filter: { cacheId: imageId } });
      expect(dry, wire).toMatchObject({ dryRun: true, matched: [{ cacheId: imageId }], removed: [] });
      // What this host did not build is nobody’s here to remove.
      const kept = await caches.removeCache({ cacheId: theirs, force: true });
      expect(kept, wire).toMatchObject({ removed: [], skipped: [{ status: CacheStatus.UNKNOWN }] });
      const done = await caches.pruneCaches({ filter: { cacheId: imageId }, force: true });
      expect(done, wire).toMatchObject({ dryRun: false, removed: [imageId] });
      expect((await images.listImages({ query: name })).total, wire).toBe(0);
      await expect(images.inspectImage({ imageRef: name }), wire).rejects.toMatchObject({ code: Code.NotFound });
    }
  });
});
