import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { cacheCalls } from '../../../src/host/compat/v2/cacheCalls.js';
import { ourCalls } from '../../../src/host/compat/ours.js';
import { CacheDomain, CacheService, CacheStatus } from '../../../src/protocol/gen/agentcompose/v2/caches_pb.js';
import { ImageService } from '../../../src/protocol/gen/muster/v1/images_pb.js';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';

const built = { built: true };

/** agent-compose's caches over an engine with these images. */
function world({ down = false } = {}) {
  const images = [
    { id: 'sha256:theirs', names: ['postgres:17'], sizeBytes: 400n },
    { id: 'sha256:named', names: ['garden:7', 'shop:latest'], sizeBytes: 300n, ...built },
    { id: 'sha256:busy', names: ['busy:1'], containers: 2, ...built },
    { id: 'sha256:old', names: ['shop-old:1'], sizeBytes: 200n, ...built },
    { id: 'sha256:torn', names: ['torn:1'], ...built },
  ];
  const removed: string[] = [];
  const ours = ourCalls(router => {
    router.service(ImageService, {
      listImages() {
        if (down) throw new ConnectError('No engine answers.', Code.FailedPrecondition);
        return { images: images.filter(({ names }) => !removed.includes(names[0] ?? '')) };
      },
      removeImage({ name, engine, force }) {
        expect([engine, force]).toEqual(['unix:///engine', false]);
        if (name === 'torn:1') throw new ConnectError('It is in use by now.', Code.FailedPrecondition);
        removed.push(name);
        return { untagged: [name] };
      },
    });
    router.service(ProjectService, {
      listProjects: () => ({ projects: [{ id: 'p1', name: 'shop', agents: [{ name: 'gardener', image: 'shop' }] }] }),
    });
  }, []);
  const environment = () => Promise.resolve({ DOCKER_HOST: 'unix:///engine' });
  const transport = createRouterTransport(router => router.service(CacheService, cacheCalls(ours, environment)));
  return { caches: createClient(CacheService, transport), removed };
}

test('images are told with what keeps them, and those of others are nobody’s to remove', async () => {
  const { caches } = world();
  const listed = await caches.listCaches({});
  expect(listed.total).toBe(5);
  expect(listed.caches.map(({ imageRef, status, removable }) => [imageRef, status, removable])).toEqual([
    ['postgres:17', CacheStatus.UNKNOWN, false],
    ['garden:7', CacheStatus.REFERENCED, false],
    ['busy:1', CacheStatus.ACTIVE, false],
    ['shop-old:1', CacheStatus.UNUSED, true],
    ['torn:1', CacheStatus.UNUSED, true],
  ]);
  const { cache } = await caches.inspectCache({ cacheId: 'shop' });
  expect(cache).toMatchObject({
    domain: CacheDomain.OCI_IMAGE_STORE,
    references: [{ type: 'agent', name: 'shop/gardener' }],
    blockedReasons: ['agent shop/gardener names it'],
  });
  const unused = await caches.listCaches({ filter: { status: CacheStatus.UNUSED }, limit: 1 });
  expect([unused.total, unused.caches.length]).toEqual([2, 1]);
  const aged = await caches.listCaches({ filter: { olderThanSeconds: 60n } });
  expect(aged).toMatchObject({ caches: [], warnings: [expect.stringContaining('last used')] });
  await expect(caches.inspectCache({ cacheId: 'none' })).rejects.toMatchObject({ code: Code.NotFound });
  await expect(caches.inspectCache({})).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test('nothing goes without force, and with it only what this host built and nobody uses', async () => {
  const { caches, removed } = world();
  const dry = await caches.pruneCaches({});
  expect([dry.dryRun, dry.matched.length, dry.skipped.length, dry.removed]).toEqual([true, 5, 3, []]);
  expect(removed).toEqual([]);
  const done = await caches.pruneCaches({ force: true });
  expect(done).toMatchObject({ dryRun: false, removed: ['sha256:old'], warnings: ['It is in use by now.'] });
  expect(removed).toEqual(['shop-old:1']);
  const theirs = await caches.removeCache({ cacheId: 'sha256:theirs', force: true });
  expect([theirs.removed, theirs.skipped.map(({ imageRef }) => imageRef)]).toEqual([[], ['postgres:17']]);
  await expect(caches.removeCache({ cacheId: '', force: true })).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test('where no engine answers nothing is kept, and that is said', async () => {
  const { caches } = world({ down: true });
  expect(await caches.listCaches({})).toMatchObject({ caches: [], total: 0, warnings: ['No engine answers.'] });
  expect(await caches.pruneCaches({ force: true })).toMatchObject({ removed: [], warnings: ['No engine answers.'] });
});
