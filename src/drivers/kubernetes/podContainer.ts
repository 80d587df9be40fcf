import { posix } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import { tailCommand, type FarContainer } from '../guests/farContainer.js';
import { runInside, startInside } from './insidePod.js';
import type { PodContainer } from './podChannels.js';
import { unlessMissing, type KubernetesCluster } from './kubernetesCluster.js';
import { controlFiles, controlFolder } from './podScripts.js';
import { endedWhy, hasKeeper, isAtWork } from './podState.js';
import type { PodWatch } from './podWatch.js';
import { containers, jobName } from './runJob.js';

/** A look costs nothing: what the cluster said last is known. */
const longestPauseMs = 1_000;
/** A node that does not answer any more is not waited for when the cluster has given its pods up. */
const lostNodeMs = 120_000;

/** What a run left cannot be fetched any more. Recognised where it is thrown for. */
export class PodGone extends Error {
  /** In the cluster's words. */
  readonly why: string;

  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

export interface PodPlace {
  readonly cluster: KubernetesCluster;
  readonly watch: PodWatch;
  readonly clock: Clock;
}

/** One pod of a run. One that the cluster makes in its place has nothing of what was sent: nothing is told to it, and nothing fetched. */
export interface RunPod {
  readonly run: RunId;
  /** As the cluster numbers it. */
  readonly uid: string;
}

/** The pod that a run has now. Errors: {@link PodGone}. */
export function presentPod({ watch }: PodPlace, run: RunId): RunPod {
  const uid = watch.podOf(run)?.metadata?.uid;
  if (uid === undefined) throw new PodGone('its pod was deleted');
  return { run, uid };
}

/** The container beside the agent's, which has the same files and ports and outlives it. Errors: {@link PodGone}. */
export function keeperOf({ cluster, watch }: PodPlace, pod: RunPod): PodContainer {
  return { cluster, pod: known(watch, pod).metadata?.name ?? '', container: containers.keeper };
}

function known(watch: PodWatch, { run, uid }: RunPod): V1Pod {
  const pod = watch.podOf(run);
  if (!pod) throw new PodGone('its pod was deleted');
  if (pod.metadata?.uid !== uid) throw new PodGone('its pod was deleted, and another one made');
  return pod;
}

/** A run's pod, as what follows runs elsewhere needs it. Errors of all: {@link PodGone}, `sandbox.unavailable`. */
export function podContainer(place: PodPlace, own: RunPod): FarContainer {
  const { watch, clock } = place;
  return {
    relayMark: `${controlFolder}/${controlFiles.relay}`,
    isRunning: async () => {
      const pod = known(watch, own);
      if (isAtWork(pod)) {
        if (isGivenUp(pod, clock.now())) throw new PodGone(endedWhy(pod) ?? 'its node does not answer');
        return true;
      }
      if (!hasKeeper(pod)) throw new PodGone(endedWhy(pod) ?? 'its pod ended');
      return false;
    },
    untilNextLook: signal => watch.untilChanged(own.run, signal, longestPauseMs),
    async tar(path) {
      const script = '[ -e "$1/$2" ] || exit 0; exec tar -cf - -C "$1" "$2"';
      const command = ['/bin/sh', '-c', script, 'tar', posix.dirname(path), posix.basename(path)];
      const program = await startInside(keeperOf(place, own), command, 'output');
      program.output.once('close', () => program.end());
      return program.output;
    },
    begin: command => startInside(keeperOf(place, own), command, 'input'),
    tail: (path, from) => startInside(keeperOf(place, own), tailCommand(path, from), 'output'),
  };
}

/** Runs a short command beside the agent. */
export async function besideAgent(place: PodPlace, pod: RunPod, command: readonly string[]): Promise<string> {
  return await runInside(keeperOf(place, pod), command);
}

/**
 * Removes its Job, and the pod first: with its Job it would be given the time that a drained one has. Should the Job make another one
 * meanwhile, nobody gives that the word.
 */
export async function removeRun({ cluster, watch }: Omit<PodPlace, 'clock'>, run: RunId): Promise<void> {
  const { namespace } = cluster;
  const pod = watch.podOf(run)?.metadata?.name;
  const name = jobName(run);
  try {
    if (pod !== undefined)
      await cluster.call(() =>
        unlessMissing(cluster.core.deleteNamespacedPod({ namespace, name: pod, gracePeriodSeconds: 1 })),
      );
  } finally {
    // Also where the pod may not be deleted: it goes with its Job.
    await cluster.call(() =>
      unlessMissing(cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' })),
    );
  }
}

/** The cluster wants it gone since long, and its node does not say that it is. */
function isGivenUp({ metadata, spec }: V1Pod, now: number): boolean {
  const asked = metadata?.deletionTimestamp;
  if (asked === undefined) return false;
  const grace = (spec?.terminationGracePeriodSeconds ?? 0) * 1000;
  return now > new Date(asked).getTime() + grace + lostNodeMs;
}
