import type { V1Node, V1Pod, V1Taint } from '@kubernetes/client-node';
import type { KubernetesSpec } from '../../compose/projectSpec.js';

/** Of taints by which the cluster itself tells how a node is. */
const ownTaints = 'node.kubernetes.io/';

/** Why pods of an agent are never on a node, however it is; undefined when they may be. */
export function keptOff({ metadata, spec }: V1Node, driver: KubernetesSpec): string | undefined {
  const lacking = driver.nodeSelector?.find(({ name, value }) => metadata?.labels?.[name] !== value);
  if (lacking) return `without ${lacking.name}=${lacking.value}`;
  const keeping = spec?.taints?.find(taint => !taint.key.startsWith(ownTaints) && keeps(taint, driver));
  return keeping && `with the taint ${keeping.key}`;
}

/** Why a node takes no pods at the moment; undefined when it does. */
export function outOfUse({ spec, status }: V1Node, driver: KubernetesSpec): string | undefined {
  if (!status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return 'not ready';
  if (spec?.unschedulable === true) return 'cordoned';
  const keeping = spec?.taints?.find(taint => taint.key.startsWith(ownTaints) && keeps(taint, driver));
  return keeping && `with the taint ${keeping.key}`;
}

function keeps(taint: V1Taint, driver: KubernetesSpec): boolean {
  return taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, driver);
}

function isTolerated({ key, value = '', effect }: V1Taint, { tolerations = [] }: KubernetesSpec): boolean {
  return tolerations.some(
    each =>
      (each.effect === undefined || each.effect === effect) &&
      (each.key === undefined ? each.operator === 'Exists' : each.key === key) &&
      (each.operator === 'Exists' || (each.value ?? '') === value),
  );
}

/** Whether pods of both agents are on the same nodes. */
export function sameNodes(a: KubernetesSpec, b: KubernetesSpec): boolean {
  const of = ({ nodeSelector = [], tolerations = [] }: KubernetesSpec): string =>
    JSON.stringify([nodeSelector, tolerations]);
  return of(a) === of(b);
}

/** Whether a pod is on the nodes that those of an agent are on. What the cluster tolerates for it is nothing that a file says. */
export function isMadeLike({ spec }: V1Pod, { nodeSelector = [], tolerations = [] }: KubernetesSpec): boolean {
  const labels = Object.entries(spec?.nodeSelector ?? {});
  const tolerated = spec?.tolerations?.filter(({ key }) => key?.startsWith(ownTaints) !== true) ?? [];
  const own = tolerations.filter(({ key }) => key?.startsWith(ownTaints) !== true);
  return (
    labels.length === nodeSelector.length &&
    nodeSelector.every(({ name, value }) => spec?.nodeSelector?.[name] === value) &&
    tolerated.length === own.length &&
    own.every(({ key, value, effect }) =>
      tolerated.some(each => each.key === key && each.value === value && each.effect === effect),
    )
  );
}
