import type { CoreV1Event } from '@kubernetes/client-node';
import { fieldOf, textField } from '../../base/unknownFields.js';
import type { KubernetesCluster } from './kubernetesCluster.js';

/** More than these nobody reads under a row. */
const mostEvents = 8;

/** What the cluster said about a pod lately, the oldest first. */
export async function eventsOf(cluster: KubernetesCluster, pod: string): Promise<readonly string[]> {
  const { core, namespace } = cluster;
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`;
  const { items } = await cluster.call(() => core.listNamespacedEvent({ namespace, fieldSelector }));
  return sentencesOf(items);
}

/** What the cluster said about a volume claim, the oldest first. */
export async function claimEventsOf(cluster: KubernetesCluster, uid: string): Promise<readonly CoreV1Event[]> {
  const { core, namespace } = cluster;
  const fieldSelector = `involvedObject.kind=PersistentVolumeClaim,involvedObject.uid=${uid}`;
  const { items } = await cluster.call(() => core.listNamespacedEvent({ namespace, fieldSelector }));
  return items.toSorted((a, b) => timeOf(a) - timeOf(b));
}

/** Whoever reports an event writes it as they like: one that says nothing, or not when, hides no other. */
export function sentencesOf(events: readonly CoreV1Event[]): readonly string[] {
  const sentences = events.flatMap(event => {
    const words = [textField(event, 'reason'), textField(event, 'message')].filter(text => text !== '');
    return words.length === 0 ? [] : [{ at: timeOf(event), text: words.join(': ') }];
  });
  return sentences
    .toSorted((a, b) => a.at - b.at)
    .slice(-mostEvents)
    .map(({ text }) => text);
}

function timeOf(event: CoreV1Event): number {
  const created = fieldOf(fieldOf(event, 'metadata'), 'creationTimestamp');
  const times = [fieldOf(event, 'lastTimestamp'), fieldOf(event, 'eventTime'), created].map(timestamp =>
    timestamp instanceof Date || typeof timestamp === 'string' ? new Date(timestamp).getTime() : NaN,
  );
  return times.find(Number.isFinite) ?? 0;
}
