import { create } from '@bufbuild/protobuf';
import { ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  CacheDomain,
  CacheItemSchema,
  CacheReferencePolicy,
  CacheReferenceSchema,
  CacheStatus,
  type CacheFilter,
  type CacheItem,
  type CacheReference,
  type CacheService,
} from '../../../protocol/gen/agentcompose/v2/caches_pb.js';
import type { Image } from '../../../protocol/gen/muster/v1/images_pb.js';
import { invalid, notFound, paged } from '../answers.js';
import type { OurCalls } from '../ours.js';

interface Found {
  readonly caches: readonly CacheItem[];
  /** The ids of the caches, by everything that an image is called. */
  readonly ids: ReadonlyMap<string, string>;
  readonly warnings: string[];
}

/**
 * `agentcompose.v2.CacheService`: what an engine keeps so that containers start soon is its images. Those that no agent names and that
 * this host has not built are somebody else's, and never removed; nor is anything without `force`.
 */
export function cacheCalls(
  ours: OurCalls,
  environment: () => Promise<Readonly<Record<string, string>>>,
): ServiceImpl<typeof CacheService> {
  const engineOf = async (): Promise<string> => (await environment())['DOCKER_HOST'] ?? '';
  const all = async (): Promise<Found> => {
    try {
      const { images } = await ours.images.listImages({ engine: await engineOf() });
      const { projects } = await ours.projects.listProjects({});
      const users = projects.flatMap(({ id, name, agents }) =>
        agents.filter(({ image }) => image !== '').map(agent => ({ project: { id, name }, agent })),
      );
      const caches = images.map(image => cacheOf(image, users));
      const ids = new Map(
        images.flatMap(({ id, names, digests }) => [id, ...names, ...digests].map(name => [name, id])),
      );
      return { caches, ids, warnings: [] };
    } catch (error) {
      // Where no engine answers nothing is kept, which is worth a word and no failure.
      return { caches: [], ids: new Map(), warnings: [ConnectError.from(error).rawMessage] };
    }
  };
  const remove = async (matched: readonly CacheItem[], force: boolean) => {
    const [removable, skipped] = [matched.filter(each => each.removable), matched.filter(each => !each.removable)];
    const engine = force ? await engineOf() : '';
    const removed: string[] = [];
    const warnings: string[] = [];
    for (const { cacheId, imageRef } of force ? removable : [])
      try {
        await ours.images.removeImage({ engine, name: imageRef || cacheId, force: false });
        removed.push(cacheId);
      } catch (error) {
        warnings.push(ConnectError.from(error).rawMessage);
      }
    return { dryRun: !force, matched: [...matched], removed, skipped, warnings };
  };
  const named = async (cacheId: string): Promise<CacheItem> => {
    if (cacheId === '') throw invalid('The request names no cache.');
    const { caches, ids } = await all();
    const id = ids.get(cacheId) ?? ids.get(`${cacheId}:latest`);
    const found = caches.find(each => each.cacheId === id);
    if (found) return found;
    throw notFound(`cache ${JSON.stringify(cacheId)}`);
  };
  return {
    async listCaches({ filter, offset, limit }) {
      const { caches, warnings } = await all();
      const { page, total } = paged(
        caches.filter(each => isWanted(each, filter)),
        { offset, limit },
      );
      return { caches: page, total, warnings: [...warnings, ...agesOf(filter)] };
    },

    inspectCache: async ({ cacheId }) => ({ cache: await named(cacheId) }),

    async pruneCaches({ filter, force }) {
      const { caches, warnings } = await all();
      const done = await remove(
        caches.filter(each => isWanted(each, filter)),
        force,
      );
      return { ...done, warnings: [...warnings, ...agesOf(filter), ...done.warnings] };
    },

    removeCache: async ({ cacheId, force }) => await remove([await named(cacheId)], force),
  };
}

interface User {
  readonly project: { readonly id: string; readonly name: string };
  readonly agent: { readonly name: string; readonly image: string };
}

function cacheOf(image: Image, users: readonly User[]): CacheItem {
  const names = new Set([image.id, ...image.names, ...image.digests]);
  const references = users
    .filter(({ agent }) => names.has(agent.image) || names.has(`${agent.image}:latest`))
    .map(referenceOf);
  const reasons = [
    ...(image.containers > 0 ? [`containers of it: ${image.containers}`] : []),
    ...references.map(({ name }) => `agent ${name} names it`),
    ...(image.built || references.length > 0 ? [] : ['Muster did not build it']),
  ];
  return create(CacheItemSchema, {
    cacheId: image.id,
    domain: CacheDomain.OCI_IMAGE_STORE,
    driver: 'docker',
    kind: 'image',
    sizeBytes: image.sizeBytes,
    imageId: image.id,
    imageRef: image.names[0] ?? '',
    resolvedRef: image.digests[0] ?? '',
    status: statusOf(image, references),
    removable: reasons.length === 0,
    blockedReasons: reasons,
    references,
  });
}

function statusOf({ containers, built }: Image, references: readonly CacheReference[]): CacheStatus {
  if (containers > 0) return CacheStatus.ACTIVE;
  if (references.length > 0) return CacheStatus.REFERENCED;
  return built ? CacheStatus.UNUSED : CacheStatus.UNKNOWN;
}

function referenceOf({ project, agent }: User): CacheReference {
  return create(CacheReferenceSchema, {
    type: 'agent',
    id: `${project.id}/${agent.name}`,
    name: `${project.name}/${agent.name}`,
    policy: CacheReferencePolicy.REQUIRED,
  });
}

function isWanted(item: CacheItem, filter: CacheFilter | undefined): boolean {
  if (!filter) return true;
  const { driver, domain, type, status, cacheId, olderThanSeconds } = filter;
  return (
    (driver === '' || driver === item.driver) &&
    (domain === CacheDomain.UNSPECIFIED || domain === item.domain) &&
    (type === '' || type === item.kind) &&
    (status === CacheStatus.UNSPECIFIED || status === item.status) &&
    (cacheId === '' || cacheId === item.cacheId) &&
    // When one was last used nobody knows: none is certainly old enough.
    olderThanSeconds === 0n
  );
}

function agesOf(filter: CacheFilter | undefined): string[] {
  return filter && filter.olderThanSeconds > 0n ? ['The engine does not say when an image was last used.'] : [];
}
