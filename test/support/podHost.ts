import { PassThrough } from 'node:stream';
import {
  BatchV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  NetworkingV1Api,
  NodeV1Api,
  StorageV1Api,
} from '@kubernetes/client-node';
import { presentCluster } from './cluster.ts';
import { containerHost, type ContainerHost } from './containerHost.ts';

const namespace = 'default';

/** A host with a repository whose agents run the script in pods. */
export async function podHost(options: {
  /** Shell, with the task as standard input. */
  readonly script: string;
  readonly agent?: Readonly<Record<string, unknown>>;
  readonly driver?: Readonly<Record<string, unknown>>;
  readonly project?: Readonly<Record<string, unknown>>;
  readonly kubeconfig?: string;
}): Promise<ContainerHost> {
  const { image, kubeconfig: usual } = presentCluster();
  const env = { KUBECONFIG: options.kubeconfig ?? usual };
  return await containerHost({
    host: 'unix:///nowhere',
    image,
    script: options.script,
    env,
    profile: env,
    ...(options.project && { project: options.project }),
    agent: {
      driver: { kubernetes: options.driver ?? {} },
      sandbox: { pull: 'never', network: 'none' },
      ...options.agent,
    },
  });
}

export interface ThreadShown {
  readonly status: string;
  readonly latest_run: { readonly status: string; readonly error?: { readonly message: string } };
}

/** The only thread. */
export async function shownThread({ home, repository }: ContainerHost): Promise<ThreadShown> {
  const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
    threads: readonly ThreadShown[];
  };
  const [thread] = threads;
  if (!thread) throw new Error('There is no thread.');
  return thread;
}

/** Somebody who may do everything in the cluster. */
export function clusterAdmin() {
  const config = new KubeConfig();
  config.loadFromFile(presentCluster().kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const batch = config.makeApiClient(BatchV1Api);
  const runtimes = config.makeApiClient(NodeV1Api);
  const networking = config.makeApiClient(NetworkingV1Api);
  const storage = config.makeApiClient(StorageV1Api);
  const selector = (thread: string): string => `muster.dev/thread=${thread}`;
  const podsOf = async (thread: string) =>
    (await core.listNamespacedPod({ namespace, labelSelector: selector(thread) })).items;
  return {
    core,
    batch,
    runtimes,
    storage,
    networking,
    namespace,
    podsOf,
    /** Runs something beside the agent of a thread. */
    async enter(thread: string, command: string[]): Promise<void> {
      const [pod] = await podsOf(thread);
      const { promise, resolve } = Promise.withResolvers<void>();
      const out = new PassThrough();
      const name = pod?.metadata?.name ?? '';
      await new Exec(config).exec(namespace, name, 'agent', command, out, null, null, false, () => resolve());
      await promise;
    },
    jobsOf: async (thread: string) =>
      (await batch.listNamespacedJob({ namespace, labelSelector: selector(thread) })).items,
  };
}
