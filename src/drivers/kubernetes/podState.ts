import type { CoreV1Event, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { AppError } from '../../base/errors.js';
import { unavailable } from './clusterSources.js';
import { containers } from './runJob.js';

/** Its agent is at work, or will be: what it may do has not ended. */
export function isAtWork(pod: V1Pod): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  return statusOfContainer(pod, containers.agent)?.state?.terminated === undefined;
}

/** Programs can be started in all of its containers. */
export function isReady(pod: V1Pod): boolean {
  return isLive(pod, containers.agent) && isLive(pod, containers.keeper);
}

/** What the run left can be fetched. */
export function hasKeeper(pod: V1Pod): boolean {
  return isLive(pod, containers.keeper);
}

function isLive(pod: V1Pod, name: string): boolean {
  return statusOfContainer(pod, name)?.state?.running !== undefined;
}

function statusOfContainer(pod: V1Pod, name: string): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(status => status.name === name);
}

/** Why a pod ended that did not end by itself, in the cluster's words; undefined when it did. */
export function endedWhy(pod: V1Pod): string | undefined {
  const { reason, message } = pod.status ?? {};
  if (reason !== undefined && reason !== '') return sentence(reason, message);
  const disrupted = pod.status?.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  if (disrupted) return sentence(disrupted.reason ?? 'Disrupted', disrupted.message);
  if (pod.metadata?.deletionTimestamp !== undefined) return 'its pod was deleted';
  const ended = statusOfContainer(pod, containers.agent)?.state?.terminated;
  if (ended?.reason === 'OOMKilled') return 'OOMKilled: it used more memory than it may (resources.memory)';
  if (ended && ended.exitCode !== 0)
    return sentence(ended.reason ?? 'Error', ended.message ?? `exit code ${ended.exitCode}`);
  return undefined;
}

/** Reasons that go away by themselves, or that a person mends while the run waits. */
const passing = new Set(['ContainerCreating', 'PodInitializing']);
/** An image that cannot be fetched is tried once more by the node before it is called missing. */
const finallyMissing = new Set(['ErrImageNeverPull', 'InvalidImageName', 'ImagePullBackOff', 'ImageInspectError']);
const imageTrouble = new Set([...finallyMissing, 'ErrImagePull', 'RegistryUnavailable']);

/** What a pod that does not run yet waits for. Errors: `image.failed` and `sandbox.unavailable` for what no waiting mends. */
export function waitsFor(pod: V1Pod, image: string): string {
  for (const { state } of pod.status?.containerStatuses ?? []) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (reason === '' || passing.has(reason)) continue;
    const text = sentence(reason, message);
    if (finallyMissing.has(reason))
      throw new AppError('image.failed', `The cluster cannot get the image ${image}: ${text}.`, {
        image,
        reason: text,
      });
    if (imageTrouble.has(reason)) return text;
    throw unavailable(`The cluster cannot start the pod: ${text}.`, reason);
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return shortly(scheduled.message ?? scheduled.reason ?? '');
  return '';
}

/** What a Job that has no pod waits for, by what its controller said last. Errors: `sandbox.unavailable` for a pod that is refused. */
export function refusedWhy(events: readonly CoreV1Event[]): string {
  const last = events.findLast(({ reason }) => reason === 'FailedCreate');
  const message = last?.message?.replace(/^Error creating: /, '') ?? '';
  if (message === '') return '';
  // There is room again when another run ends.
  if (/exceeded quota/.test(message)) return message.replace(/^pods "[^"]*" is forbidden: /, '');
  if (/is forbidden|is invalid|not found/.test(message))
    throw unavailable(`The cluster refuses the pod: ${message}.`, message);
  return message;
}

/** The scheduler adds what it would come to if others made room. */
function shortly(message: string): string {
  return message.split(/\.? (?:no new claims|preemption:)/)[0]?.replace(/\.$/, '') ?? '';
}

function sentence(reason: string, message: string | undefined): string {
  const said = message?.trim().replace(/\.$/, '') ?? '';
  return said === '' ? reason : `${reason}: ${said}`;
}

/** Why a pod never came to run; undefined while it may. */
export function diedEarly(pod: V1Pod): string | undefined {
  const ended = pod.status?.containerStatuses?.find(({ state }) => state?.terminated)?.state?.terminated;
  if (ended) return sentence(ended.reason ?? 'Error', ended.message ?? `exit code ${ended.exitCode}`);
  const isOver = pod.status?.phase === 'Failed' || pod.metadata?.deletionTimestamp !== undefined;
  return isOver ? (endedWhy(pod) ?? 'it ended') : undefined;
}
