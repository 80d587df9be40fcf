import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { CoreV1Event, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { Clock } from '../../base/clock.js';
import type { CacheSpec } from '../../compose/projectSpec.js';
import { statusOf, unlessMissing, type KubernetesCluster } from './kubernetesCluster.js';
import { claimEventsOf } from './podEvents.js';
import { labels } from './runJob.js';

const prefix = 'muster-cache-';
const usualBytes = 10 * 1024 ** 3;
/** A volume that is made at once is there by then, as a rule. */
const longestWaitMs = 20_000;
const pauseMs = 500;

/** Whose a cache is: everything that makes another volume of it is in its name. */
export interface CacheOwner {
  /** The mark of the state directory: hosts of different people share no objects. */
  readonly state: string;
  /** The object directory of the repository on this machine. */
  readonly objects: string;
  readonly cache: CacheSpec;
}

/** The volume of a repository, or why a run goes without: a sentence. */
export type CacheVolume = { readonly claim: string } | { readonly why: string };

/** Whether a claim of this name would be a cache. */
export function isCacheClaim(name: string): boolean {
  return name.startsWith(prefix);
}

export function cacheClaimName({ state, objects, cache }: CacheOwner): string {
  const facts = JSON.stringify([state, objects, cache.storage ?? null, accessModeOf(cache)]);
  return prefix + createHash('sha256').update(facts).digest('hex').slice(0, 24);
}

/** As it is made when a repository first needs it. */
export function cacheClaim(owner: CacheOwner): V1PersistentVolumeClaim {
  const { state, objects, cache } = owner;
  return {
    metadata: {
      name: cacheClaimName(owner),
      labels: { [labels.managed]: 'muster', [labels.state]: state, [labels.cache]: 'history' },
      annotations: { 'muster.dev/repository': repositoryName(objects) },
    },
    spec: {
      accessModes: [accessModeOf(cache)],
      ...(cache.storage !== undefined && { storageClassName: cache.storage }),
      resources: { requests: { storage: String(cache.sizeBytes ?? usualBytes) } },
    },
  };
}

/**
 * Finds the volume of a repository, or makes it. One that no pod could have (nobody makes volumes of its class) is not waited for. Errors:
 * `sandbox.unavailable` when the server does not answer; the signal's reason.
 */
export async function cacheVolume(
  { cluster, clock }: { readonly cluster: KubernetesCluster; readonly clock: Clock },
  owner: CacheOwner,
  signal: AbortSignal,
): Promise<CacheVolume> {
  const { namespace } = cluster;
  const name = cacheClaimName(owner);
  const read = () =>
    cluster.call(() => unlessMissing(cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name })));
  const until = clock.awake() + longestWaitMs;
  let claim = (await read()) ?? (await make(cluster, owner)) ?? (await read());
  for (;;) {
    signal.throwIfAborted();
    if (!claim) return { why: `its volume ${name} was removed` };
    if (claim.metadata?.labels?.[labels.state] !== owner.state) return { why: `the claim ${name} is somebody else's` };
    if (claim.metadata.deletionTimestamp !== undefined) return { why: `its volume ${name} is being removed` };
    const phase = claim.status?.phase;
    if (phase === 'Bound') return { claim: name };
    if (phase === 'Lost') return { why: `the volume of ${name} is gone` };
    const answer = pendingWhy(await claimEventsOf(cluster, claim.metadata.uid ?? ''));
    if (answer === 'waits for a pod') return { claim: name };
    const isLate = clock.awake() > until;
    if (answer !== undefined && (isLate || answer.isFinal))
      return { why: `no volume is made for ${name}: ${answer.why}` };
    if (isLate) return { why: `no volume is made for ${name}, and the cluster says nothing about it` };
    await clock.sleep(pauseMs, signal);
    claim = await read();
  }
}

/** Undefined where another host of the same state directory was faster. */
async function make(cluster: KubernetesCluster, owner: CacheOwner): Promise<V1PersistentVolumeClaim | undefined> {
  const { namespace } = cluster;
  try {
    return await cluster.call(() =>
      cluster.core.createNamespacedPersistentVolumeClaim({ namespace, body: cacheClaim(owner) }),
    );
  } catch (error) {
    if (statusOf(error) === 409) return undefined;
    throw error;
  }
}

/** What keeps a claim from its volume, by what the cluster said last. */
export function pendingWhy(
  events: readonly CoreV1Event[],
): 'waits for a pod' | { readonly why: string; readonly isFinal: boolean } | undefined {
  const last = events.at(-1);
  const why = last?.message?.trim().replace(/\.$/, '') ?? '';
  switch (last?.reason) {
    case 'WaitForFirstConsumer':
    case 'WaitForPodScheduled':
      return 'waits for a pod';
    case 'FailedBinding':
      return { why, isFinal: true };
    case 'ProvisioningFailed':
      return { why, isFinal: false };
    default:
      return undefined;
  }
}

function accessModeOf({ accessMode = 'ReadWriteOnce' }: CacheSpec): string {
  return accessMode;
}

/** What a person calls it. */
function repositoryName(objects: string): string {
  const folder = dirname(objects);
  return basename(folder) === '.git' ? basename(dirname(folder)) : basename(folder);
}
