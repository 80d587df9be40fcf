import type { SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { cacheVolume, type CacheVolume } from './cacheClaim.js';
import { whyOf } from './kubernetesCluster.js';
import type { PodPlace, RunPod } from './podContainer.js';
import { sendHistory, type HistoryPlace } from './sendHistory.js';

/** The volume of the repository that a run works on, or why it goes without; undefined where nobody wants one. Errors: the signal's reason. */
export async function repositoryVolume(
  place: Pick<PodPlace, 'cluster' | 'clock'> & { readonly state: string },
  { driver, workspace: { git } }: SandboxSpec,
  signal: AbortSignal,
): Promise<CacheVolume | undefined> {
  const cache = driver.name === 'kubernetes' ? driver.cache : undefined;
  const [objects] = git?.objects ?? [];
  if (cache === undefined || objects === undefined) return undefined;
  try {
    return await cacheVolume(place, { state: place.state, objects, cache }, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { why: whyOf(error) };
  }
}

interface Cached {
  readonly volume: CacheVolume | undefined;
  readonly spec: SandboxSpec;
  readonly pod: RunPod;
  readonly signal: AbortSignal;
}

/** Whether the pod has all objects now, and what a person is told. Errors: the signal's reason. */
export async function sendByCache(
  place: HistoryPlace,
  { volume, spec, pod, signal }: Cached,
): Promise<{ readonly isThere: boolean; readonly note?: string | undefined }> {
  const { git } = spec.workspace;
  if (volume === undefined || git === undefined) return { isThere: false };
  if ('why' in volume) return { isThere: false, note: sentWhole(volume.why) };
  const { isThere, bytes, trouble } = await sendHistory(place, { pod, git, signal });
  place.log.info('The history was sent', { run: pod.run, bytes, claim: volume.claim, trouble });
  if (trouble === undefined) return { isThere };
  if (!isThere) return { isThere, note: sentWhole(trouble) };
  return {
    isThere,
    note: `The cache of the repository (${volume.claim}) does not take what is new, which was sent to this run alone: ${sentence(trouble)}`,
  };
}

function sentWhole(why: string): string {
  return `The cache of the repository was not used, and its history was sent as a whole: ${sentence(why)}`;
}

function sentence(text: string): string {
  return `${text.trim().replace(/\.$/, '')}.`;
}
