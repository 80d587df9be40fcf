import {
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  NetworkingV1Api,
  NodeV1Api,
  StorageV1Api,
  VersionApi,
} from '@kubernetes/client-node';
import { errorMessage } from '../../base/errors.js';
import { JsonFields } from '../../base/jsonFields.js';
import { fieldOf, numberField, textField } from '../../base/unknownFields.js';
import { findConfig, unavailable, type ClusterSources } from './clusterSources.js';
import { configFiles, credentialTrouble } from './kubeconfig.js';

/** One namespace of one cluster, by the credentials that the person's kubeconfig, or the pod of the host, has for it. */
export class KubernetesCluster {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** Where its credentials came from, as KUBECONFIG has it. */
  readonly files: string;
  readonly core: CoreV1Api;
  readonly batch: BatchV1Api;
  readonly networking: NetworkingV1Api;
  readonly authorization: AuthorizationV1Api;
  readonly custom: CustomObjectsApi;
  readonly storage: StorageV1Api;
  readonly runtimes: NodeV1Api;
  readonly version: VersionApi;

  /** Errors: `sandbox.unavailable` when there are no credentials, or no such context. */
  static find(sources: ClusterSources): KubernetesCluster {
    const config = findConfig(sources);
    const own = config.getContextObject(config.getCurrentContext())?.namespace;
    return new KubernetesCluster(config, sources.namespace ?? own ?? 'default', configFiles(sources.environment));
  }

  constructor(config: KubeConfig, namespace: string, files = '') {
    if (!config.getCurrentCluster())
      throw unavailable('Your kubeconfig has no current context. Name one: kubectl config use-context …', 'no context');
    this.config = config;
    this.namespace = namespace;
    this.files = files;
    this.core = config.makeApiClient(CoreV1Api);
    this.batch = config.makeApiClient(BatchV1Api);
    this.networking = config.makeApiClient(NetworkingV1Api);
    this.authorization = config.makeApiClient(AuthorizationV1Api);
    this.custom = config.makeApiClient(CustomObjectsApi);
    this.storage = config.makeApiClient(StorageV1Api);
    this.runtimes = config.makeApiClient(NodeV1Api);
    this.version = config.makeApiClient(VersionApi);
  }

  /** As a person knows it. */
  get name(): string {
    return this.config.getCurrentContext();
  }

  /** Does something at the API server. Errors: `sandbox.unavailable` when it does not answer; what it refuses as it is. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (statusOf(error) !== undefined) throw error;
      const program = credentialTrouble(this.config, error);
      if (program) throw unavailable(program.message, program.reason, error);
      const reason = connectionTrouble(error);
      throw unavailable(
        `The cluster ${this.name} (${this.config.getCurrentCluster()?.server ?? ''}) does not answer: ${reason}.`,
        reason,
        error,
      );
    }
  }
}

/** The HTTP status with which the API server refused something; undefined for an error of another kind. */
export function statusOf(error: unknown): number | undefined {
  return numberField(error, 'code');
}

/** What it said about why. */
export function refusalOf(error: unknown): string {
  const body = fieldOf(error, 'body');
  try {
    const said = typeof body === 'string' ? JsonFields.parse(body).text('message') : textField(body, 'message');
    if (said !== undefined && said !== '') return said;
  } catch {
    // Something in between that speaks no JSON.
  }
  return errorMessage(error).split('\n')[0] ?? '';
}

/** Why something did not come about: what the API server said, where it is the one that refused. */
export function whyOf(error: unknown): string {
  return statusOf(error) === undefined ? errorMessage(error) : refusalOf(error);
}

/** `undefined` for what is not there. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  return await work.catch((error: unknown) => {
    if (statusOf(error) === 404) return undefined;
    throw error;
  });
}

/** The innermost reason: what is around it says that a request failed. */
function connectionTrouble(error: unknown): string {
  for (let at: unknown = error; ;) {
    const cause = fieldOf(at, 'cause') ?? fieldOf(at, 'error');
    if (!(cause instanceof Error)) return errorMessage(at) || textField(at, 'code') || textField(at, 'message');
    at = cause;
  }
}
