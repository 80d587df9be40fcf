import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { V1NetworkPolicy, V1NetworkPolicySpec, V1Pod, V1Service } from '@kubernetes/client-node';
import type { GuestFacade } from '../../core/sandboxes/sandboxDriver.js';
import { unavailable } from './clusterSources.js';
import { refusalOf, statusOf, unlessMissing, type KubernetesCluster } from './kubernetesCluster.js';
import { facadeLabel, labels } from './runJob.js';

/** Of its pods and its service. */
const portNames = { models: 'models', control: 'control' } as const;
const usualControlPort = 7412;
const answerMs = 10_000;
/** A thousand calls are half a megabyte. */
const maxAnswerBytes = 8 * 1024 * 1024;

/** `name` in the namespace of the pods, or `name.namespace`. */
export function facadeName(facade: string, { namespace }: Pick<KubernetesCluster, 'namespace'>) {
  const [name = '', elsewhere] = facade.split('.');
  return { name, namespace: elsewhere ?? namespace };
}

/**
 * The facade of a cluster as its pods reach it: by the address of its service, so that a pod that is kept off the network needs no names
 * either, by which it could say something to somebody. Errors: `sandbox.unavailable`.
 */
export async function facadeOf(cluster: KubernetesCluster, facade: string): Promise<Omit<GuestFacade, 'place'>> {
  const { service } = await foundService(cluster, facade);
  const host = service.spec?.clusterIP ?? '';
  if (host === '' || host === 'None')
    throw unavailable(`The service ${facade} has no address of its own. Give it a cluster IP.`, 'no address');
  return { host: host.includes(':') ? `[${host}]` : host, port: portOf(service).port };
}

/** Lets the pods of a facade's runs reach it, and nothing else; beside `muster-closed`. Errors: `sandbox.unavailable`. */
export async function requireWayToFacade(cluster: KubernetesCluster, facade: string): Promise<void> {
  const { networking, namespace } = cluster;
  const found = await foundService(cluster, facade);
  const spec = waySpec(facade, found);
  const name = `muster-facade-${facadeLabel(facade)}`;
  try {
    const known = await cluster.call(() => unlessMissing(networking.readNamespacedNetworkPolicy({ namespace, name })));
    if (known && isSame(known, spec)) return;
    if (known)
      throw unavailable(
        `The network policy ${name} of namespace ${namespace} leads elsewhere than to the service ${facade}. Remove it: kubectl --namespace ${namespace} delete networkpolicy ${name}`,
        'another policy',
      );
    const body = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, labels: own }, spec };
    await cluster.call(() => networking.createNamespacedNetworkPolicy({ namespace, body }));
  } catch (error) {
    const status = statusOf(error);
    // Somebody else made it meanwhile.
    if (status === 409) return;
    if (status === undefined) throw error;
    throw unavailable(
      `The cluster does not let you open the way to the service ${facade}: ${refusalOf(error)}. Ask for the right to get and create network policies in ${namespace}.`,
      'no network policy',
      error,
    );
  }
}

/** Says something to each pod of a facade, by the API server's connection; what those say that answer. Errors: `sandbox.unavailable`. */
export async function askFacade(cluster: KubernetesCluster, facade: string, word: string): Promise<readonly string[]> {
  const { namespace } = facadeName(facade, cluster);
  const pods = await facadePods(cluster, facade);
  const answers = await Promise.allSettled(pods.map(pod => askPod(cluster, namespace, pod, word)));
  const said = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failed = answers.find(answer => answer.status === 'rejected');
  if (said.length === 0 && failed)
    throw unavailable(`No pod of the service ${facade} answers: ${String(failed.reason)}.`, 'no answer', failed.reason);
  return said;
}

/** Those behind the service that run, also when they are about to end. Errors: `sandbox.unavailable`; what the server refuses. */
export async function facadePods(cluster: KubernetesCluster, facade: string): Promise<readonly V1Pod[]> {
  const { service, namespace } = await foundService(cluster, facade);
  const labelSelector = Object.entries(service.spec?.selector ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const { items } = await cluster.call(() => cluster.core.listNamespacedPod({ namespace, labelSelector }));
  return items.filter(({ status }) => status?.phase === 'Running');
}

const own = { [labels.managed]: 'muster' };

async function foundService(
  cluster: KubernetesCluster,
  facade: string,
): Promise<{ readonly service: V1Service; readonly namespace: string }> {
  const { name, namespace } = facadeName(facade, cluster);
  let service: V1Service | undefined;
  try {
    service = await cluster.call(() => unlessMissing(cluster.core.readNamespacedService({ name, namespace })));
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    const why = refusalOf(error);
    throw unavailable(`The cluster does not let you look at the service ${facade}: ${why}.`, 'no right', error);
  }
  if (!service)
    throw unavailable(`There is no service ${name} in namespace ${namespace} (driver.kubernetes.facade).`, 'no facade');
  // One without leads wherever somebody wrote.
  if (Object.keys(service.spec?.selector ?? {}).length === 0)
    throw unavailable(`The service ${facade} selects no pods.`, 'no selector');
  return { service, namespace };
}

function portOf({ spec }: V1Service): { readonly port: number; readonly target: number | string } {
  const ports = spec?.ports ?? [];
  const found = ports.find(({ name }) => name === portNames.models) ?? ports[0];
  if (!found) throw unavailable('The service of the facade has no port.', 'no port');
  return { port: found.port, target: found.targetPort ?? found.port };
}

function waySpec(
  facade: string,
  { service, namespace }: { readonly service: V1Service; readonly namespace: string },
): V1NetworkPolicySpec {
  return {
    podSelector: { matchLabels: { [labels.facade]: facadeLabel(facade) } },
    policyTypes: ['Egress'],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            podSelector: { matchLabels: { ...service.spec?.selector } },
          },
        ],
        ports: [{ port: portOf(service).target, protocol: 'TCP' }],
      },
    ],
  };
}

/** The server gives back what it was given, as objects of its own classes. */
function isSame({ spec }: V1NetworkPolicy, wanted: V1NetworkPolicySpec): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(spec ?? {})), JSON.parse(JSON.stringify(wanted)));
}

/** The client library's own calls of this proxy take no body. */
async function askPod(cluster: KubernetesCluster, namespace: string, pod: V1Pod, word: string): Promise<string> {
  const ports = (pod.spec?.containers ?? []).flatMap(({ ports: named = [] }) => named);
  const port = ports.find(({ name }) => name === portNames.control)?.containerPort ?? usualControlPort;
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata?.name}:${port}/proxy/usage`;
  const url = new URL(`${cluster.config.getCurrentCluster()?.server.replace(/\/+$/, '')}${path}`);
  const headers = { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(word) };
  const options: RequestOptions = { method: 'POST', headers, timeout: answerMs };
  await cluster.config.applyToHTTPSOptions(options);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, answer => {
    const chunks: Buffer[] = [];
    let size = 0;
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxAnswerBytes) request.destroy(new Error('it says too much'));
    });
    answer.once('error', reject);
    answer.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      if (answer.statusCode === 200) resolve(text);
      else reject(new Error(`it answered ${answer.statusCode} ${text.slice(0, 200)}`));
    });
  });
  request.once('timeout', () => request.destroy(new Error('it does not answer')));
  request.once('error', reject);
  request.end(word);
  return await promise;
}
