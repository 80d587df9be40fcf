import type { CoreV1Event } from '@kubernetes/client-node';
import type { RunId } from '../../base/ids.js';
import type { OnImageStep } from '../../core/images/image.js';
import { unavailable } from './clusterSources.js';
import { statusOf, whyOf } from './kubernetesCluster.js';
import type { PodPlace } from './podContainer.js';
import { diedEarly, isReady, refusedWhy, waitsFor } from './podState.js';

/** A cluster that has no room says so in events, which nothing tells of by itself. */
const pauseWithoutPodMs = 2_000;
const longestPauseMs = 30_000;

interface AwaitedPod {
  readonly run: RunId;
  readonly image: string;
  readonly signal: AbortSignal;
  readonly onStep: OnImageStep | undefined;
  /** What it waits for now, in the cluster's words; empty while it has what it needs. */
  readonly onWait?: (words: string) => void;
}

/**
 * Until the pod of a run is there and can be sent its files. While the cluster has no room for it, whoever looks at the run is told so
 * in the cluster's words. Errors: `image.failed`, `sandbox.unavailable` for what no waiting mends; the signal's reason.
 */
export async function untilReady(place: PodPlace, { run, image, signal, onStep, onWait }: AwaitedPod): Promise<void> {
  const { watch } = place;
  let told = '';
  for (;;) {
    signal.throwIfAborted();
    const pod = watch.podOf(run);
    if (pod && isReady(pod)) return;
    const died = pod && diedEarly(pod);
    if (died !== undefined) throw unavailable(`The pod of run ${run} ended before it began: ${died}.`, died);
    const words = pod ? waitsFor(pod, image) : await refused(place, run);
    if (words !== told && words !== '') onStep?.({ id: '', text: `Waiting for the cluster (${words})` });
    if (words !== told) onWait?.(words);
    told = words;
    await watch.untilChanged(run, signal, pod ? longestPauseMs : pauseWithoutPodMs);
  }
}

/** A server that is away, or has too much to do, is asked again: nothing that it makes meanwhile is lost. */
async function refused({ watch }: PodPlace, run: RunId): Promise<string> {
  let events: readonly CoreV1Event[];
  try {
    events = await watch.refusals.of(run);
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status < 500 && status !== 429) throw error;
    return whyOf(error);
  }
  return refusedWhy(events);
}
