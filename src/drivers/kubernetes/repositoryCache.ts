import type { SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import type { ThereAlready } from '../guests/runArchive.js';
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

/** What the pod has now, and what a person is told. Errors: the signal's reason. */
export async function sendByCache(
  place: HistoryPlace,
  { volume, spec, pod, signal }: Cached,
): Promise<{ readonly there?: ThereAlready | undefined; readonly note?: string | undefined }> {
  const { git, folder } = spec.workspace;
  if (volume === undefined || git === undefined) return {};
  if ('why' in volume) return { note: sentWhole(volume.why) };
  const { there, bytes, trouble } = await sendHistory(place, { pod, git, folder, signal });
  const { claim } = volume;
  place.log.info('The history was sent', { run: pod.run, bytes, claim, files: there?.files.size, trouble });
  if (trouble === undefined) return { there };
  if (!there) return { note: sentWhole(trouble) };
  return {
    there,
    note: `The cache of the repository (${claim}) does not take what is new, which was sent to this run alone: ${sentence(trouble)}`,
  };
}

function sentWhole(why: string): string {
  return `The cache of the repository was not used, and all of it was sent: ${sentence(why)}`;
}

function sentence(text: string): string {
  return `${text.trim().replace(/\.$/, '')}.`;
}
