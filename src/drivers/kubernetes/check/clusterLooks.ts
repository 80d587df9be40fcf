import type { V1Node } from '@kubernetes/client-node';
import { quantityToScalar } from '@kubernetes/client-node/dist/util.js';
import type { KubernetesSpec } from '../../../compose/projectSpec.js';
import type { FindingStatus, PlaceFinding } from '../../../core/sandboxes/placeCheck.js';
import type { SandboxSpec } from '../../../core/sandboxes/sandboxDriver.js';
import { closedPolicy, requireClosed } from '../closedPolicy.js';
import { refusalOf, statusOf, whyOf, type KubernetesCluster } from '../kubernetesCluster.js';
import { keptOff, outOfUse } from '../nodeFit.js';

/** What is looked at, and for whom. */
export interface Looking {
  readonly cluster: KubernetesCluster;
  readonly spec: SandboxSpec;
  readonly driver: KubernetesSpec;
  readonly fix: boolean;
}

type Words = Pick<PlaceFinding, 'name' | 'tried' | 'found'> & { readonly advice?: string; readonly fixed?: boolean };

export function finding(status: FindingStatus, { advice = '', fixed = false, ...words }: Words): PlaceFinding {
  return { status, advice, fixed, ...words };
}

/** Verbs by resource of what a run does, as `docs/cluster.md` has them. */
function neededRights({ network }: SandboxSpec, { cache }: KubernetesSpec) {
  return [
    { group: 'batch', resource: 'jobs', verbs: ['create', 'delete', 'list'] },
    { group: '', resource: 'pods', verbs: ['list', 'watch', 'delete'] },
    { group: '', resource: 'pods', subresource: 'exec', verbs: ['create', 'get'] },
    { group: '', resource: 'events', verbs: ['list'] },
    ...(cache === undefined ? [] : [{ group: '', resource: 'persistentvolumeclaims', verbs: ['create', 'get'] }]),
    ...(network === 'full'
      ? []
      : [{ group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'create'] }]),
  ];
}

/** Asks the API server itself, which knows all its roles. */
export async function lookAtRights({ cluster, spec, driver }: Looking): Promise<readonly PlaceFinding[]> {
  const { namespace, authorization } = cluster;
  const may = async (attributes: object): Promise<boolean> => {
    const body = { spec: { resourceAttributes: { namespace, ...attributes } } };
    const { status } = await cluster.call(() => authorization.createSelfSubjectAccessReview({ body }));
    return status?.allowed === true;
  };
  return await Promise.all(
    neededRights(spec, driver).map(async ({ verbs, ...what }) => {
      const held = await Promise.all(verbs.map(verb => may({ ...what, verb })));
      const missing = verbs.filter((_verb, index) => held[index] !== true);
      const name = 'subresource' in what ? `${what.resource}/${what.subresource}` : what.resource;
      const words = {
        name: `right to ${name}`,
        tried: `SelfSubjectAccessReview of ${verbs.join(', ')} in namespace ${namespace}`,
      };
      if (missing.length === 0) return finding('ok', { ...words, found: `you may ${verbs.join(', ')}` });
      const role = `muster-${name.replace('/', '-')}`;
      return finding('fail', {
        ...words,
        found: `you may not ${missing.join(', ')}`,
        advice: `Ask whoever runs the cluster for: kubectl --namespace ${namespace} create role ${role} --verb=${verbs.join(',')} --resource=${name}, and a rolebinding of it to you.`,
      });
    }),
  );
}

/** Makes the namespace where that is asked for. */
export async function lookAtNamespace({ cluster, fix }: Looking): Promise<PlaceFinding> {
  const { core, namespace: name } = cluster;
  const words = { name: 'namespace', tried: `read namespace ${name}` };
  const advice = `kubectl create namespace ${name}, or \`muster cluster check --fix\`.`;
  const read = await answered(cluster, () => core.readNamespace({ name }));
  if (read.kind === 'there') return finding('ok', { ...words, found: `${name} is there` });
  if (read.kind === 'refused')
    return finding('unknown', { ...words, found: `you may not look at namespaces: ${read.why}` });
  if (!fix) return finding('fail', { ...words, found: `there is no namespace ${name}`, advice });
  const made = await answered(cluster, () => core.createNamespace({ body: { metadata: { name } } }));
  if (made.kind === 'there') return finding('ok', { ...words, found: `${name} was made`, fixed: true });
  return finding('fail', { ...words, found: `${name} is missing and cannot be made: ${made.why}`, advice });
}

/** Each object that the compose file names. */
export async function lookAtNamed({ cluster, driver, spec, fix }: Looking): Promise<readonly PlaceFinding[]> {
  const { namespace, core } = cluster;
  const looks: Promise<PlaceFinding>[] = [];
  const look = (what: string, name: string, how: NamedLook): void => void looks.push(named(cluster, what, name, how));
  const { serviceAccount, storage, runtimeClass, cache, imagePullSecrets = [] } = driver;
  if (serviceAccount !== undefined)
    look('service account', serviceAccount, {
      read: () => core.readNamespacedServiceAccount({ namespace, name: serviceAccount }),
      ...(fix && {
        make: () => core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: serviceAccount } } }),
      }),
      advice: `kubectl --namespace ${namespace} create serviceaccount ${serviceAccount}, or \`muster cluster check --fix\`.`,
    });
  if (storage !== undefined)
    look('storage class', storage, {
      read: () => cluster.storage.readStorageClass({ name: storage }),
      advice: 'kubectl get storageclass shows which there are: name one of them as driver.kubernetes.storage, or none.',
    });
  if (cache?.storage !== undefined) {
    const { storage: name } = cache;
    look('storage class of the cache', name, {
      read: () => cluster.storage.readStorageClass({ name }),
      advice: 'kubectl get storageclass shows which there are: name one of them as driver.kubernetes.cache.storage.',
    });
  } else if (cache) looks.push(lookAtDefaultClass(cluster));
  if (runtimeClass !== undefined)
    look('runtime class', runtimeClass, {
      read: () => cluster.runtimes.readRuntimeClass({ name: runtimeClass }),
      advice: 'kubectl get runtimeclass shows which there are; Kata and gVisor come with their own.',
    });
  for (const name of imagePullSecrets)
    look('pull secret', name, {
      read: () => core.readNamespacedSecret({ namespace, name }),
      advice: `kubectl --namespace ${namespace} create secret docker-registry ${name} --docker-server=…`,
    });
  for (const name of new Set((spec.mounts ?? []).map(({ source }) => source)))
    look('volume claim', name, {
      read: () => core.readNamespacedPersistentVolumeClaim({ namespace, name }),
      advice: `Make a persistent volume claim ${name} in namespace ${namespace}.`,
    });
  return await Promise.all(looks);
}

/** What makes the volume of a cache that names no class. */
async function lookAtDefaultClass(cluster: KubernetesCluster): Promise<PlaceFinding> {
  const words = { name: 'storage class of the cache', tried: 'look for the default storage class' };
  const answer = await answered(cluster, () => cluster.storage.listStorageClass());
  if (answer.kind !== 'there')
    return finding('unknown', { ...words, found: `you may not look at storage classes: ${answer.why}` });
  const usual = answer.value.items.find(
    ({ metadata }) => metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
  );
  if (usual) return finding('ok', { ...words, found: `it is ${usual.metadata?.name ?? ''}` });
  return finding('warn', {
    ...words,
    found: 'no class is the default: no volume is made, and histories are sent as a whole',
    advice: 'kubectl get storageclass shows which there are: name one of them as driver.kubernetes.cache.storage.',
  });
}

interface NamedLook {
  readonly read: () => Promise<unknown>;
  readonly make?: () => Promise<unknown>;
  readonly advice: string;
}

async function named(
  cluster: KubernetesCluster,
  what: string,
  name: string,
  { read, make, advice }: NamedLook,
): Promise<PlaceFinding> {
  const words = { name: `${what} ${name}`, tried: `read the ${what} ${name}` };
  const answer = await answered(cluster, read);
  if (answer.kind === 'there') return finding('ok', { ...words, found: 'it is there' });
  if (answer.kind === 'refused') return finding('unknown', { ...words, found: `you may not look: ${answer.why}` });
  if (!make) return finding('fail', { ...words, found: 'it is not there', advice });
  const made = await answered(cluster, make);
  if (made.kind === 'there') return finding('ok', { ...words, found: 'it was made', fixed: true });
  return finding('fail', { ...words, found: `it is not there and cannot be made: ${made.why}`, advice });
}

/** Which nodes could take a pod of the agent when they are empty. */
export async function lookAtNodes({ cluster, driver, spec }: Looking): Promise<PlaceFinding> {
  const words = { name: 'nodes', tried: 'list the nodes and compare them with what the agent asks for' };
  const answer = await answered(cluster, () => cluster.core.listNode());
  if (answer.kind !== 'there')
    return finding('unknown', { ...words, found: `you may not look at nodes: ${answer.why}` });
  const nodes = answer.value.items;
  const reasons = nodes.map(node => whyNot(node, driver, spec));
  const fitting = reasons.filter(reason => reason === undefined).length;
  const told = [...Map.groupBy(reasons, reason => reason ?? '')].flatMap(([reason, { length }]) =>
    reason === '' ? [] : [`${length} ${reason}`],
  );
  const found = `${fitting} of ${nodes.length} nodes can take a pod${told.length > 0 ? ` (${told.join(', ')})` : ''}`;
  if (fitting > 0) return finding('ok', { ...words, found });
  const advice =
    'Change resources, node_selector or tolerations of the agent, or add a node. Where nodes are added when they are needed, this is no fault.';
  return finding('warn', { ...words, found, advice });
}

function whyNot(node: V1Node, driver: KubernetesSpec, { resources }: SandboxSpec): string | undefined {
  const why = outOfUse(node, driver) ?? keptOff(node, driver);
  if (why !== undefined) return why;
  const has = (what: string): number => Number(quantityToScalar(node.status?.allocatable?.[what] ?? '0'));
  if ((resources?.memoryBytes ?? 0) > has('memory')) return 'with too little memory';
  if ((resources?.cpus ?? 0) > has('cpu')) return 'with too few processors';
  return undefined;
}

/** What of the namespace's quotas is used up. */
export async function lookAtQuota({ cluster }: Looking): Promise<PlaceFinding> {
  const { namespace, core } = cluster;
  const words = { name: 'quota', tried: `list the resource quotas of namespace ${namespace}` };
  const answer = await answered(cluster, () => core.listNamespacedResourceQuota({ namespace }));
  if (answer.kind !== 'there')
    return finding('unknown', { ...words, found: `you may not look at quotas: ${answer.why}` });
  const lines = answer.value.items.flatMap(({ status }) =>
    Object.entries(status?.hard ?? {}).map(([what, hard]) => ({ what, hard, used: status?.used?.[what] ?? '0' })),
  );
  if (lines.length === 0) return finding('ok', { ...words, found: 'there is none' });
  const full = lines.filter(({ hard, used }) => Number(quantityToScalar(used)) >= Number(quantityToScalar(hard)));
  const text = (each: typeof lines): string =>
    each.map(({ what, hard, used }) => `${what} ${used} of ${hard}`).join(', ');
  if (full.length === 0) return finding('ok', { ...words, found: text(lines) });
  const advice = 'Runs wait until something of it is free. Ask for a larger quota, or end what uses it up.';
  return finding('warn', { ...words, found: `used up: ${text(full)}`, advice });
}

/** What {@link lookAtPolicy} is called. */
export const policyName = 'network policy';

/** Makes the policy where that is asked for. Errors: `sandbox.unavailable` when the server does not answer. */
export async function lookAtPolicy({ cluster, fix }: Looking): Promise<PlaceFinding> {
  const { namespace, networking } = cluster;
  const name = closedPolicy;
  const words = { name: policyName, tried: `read the network policy ${name} of namespace ${namespace}` };
  const advice =
    'Without it, agents are kept from nothing. Ask for the right, or write sandbox: {network: full} where you mean it.';
  const read = await answered(cluster, () => networking.readNamespacedNetworkPolicy({ namespace, name }));
  if (read.kind === 'refused') return finding('fail', { ...words, found: `you may not look: ${read.why}`, advice });
  if (read.kind === 'missing' && !fix)
    return finding('warn', {
      ...words,
      found: 'it is not there, and is made with the first run',
      advice: 'Whether it is enforced is looked at with `muster cluster check --fix`, which makes it.',
    });
  try {
    await requireClosed(cluster);
  } catch (error) {
    return finding('fail', { ...words, found: whyOf(error), advice });
  }
  if (read.kind === 'there') return finding('ok', { ...words, found: 'it is there' });
  return finding('ok', { ...words, found: 'it was made', fixed: true });
}

/** An answer of the API server that is one of what a check expects. */
type Answer<T> =
  { readonly kind: 'there'; readonly value: T } | { readonly kind: 'missing' | 'refused'; readonly why: string };

async function answered<T>(cluster: KubernetesCluster, work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: 'there', value: await cluster.call(work) };
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    return { kind: status === 404 ? 'missing' : 'refused', why: refusalOf(error) };
  }
}
