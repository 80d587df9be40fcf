import { createHash } from 'node:crypto';
import type { V1Container, V1Job, V1PodSpec, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { RunId } from '../../base/ids.js';
import type { KubernetesSpec, PullPolicy } from '../../compose/projectSpec.js';
import type { SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { runIdVariable } from '../../node/runFiles.js';
import { guestLimits } from '../guests/guestLimits.js';
import { guestPaths } from '../guests/guestPaths.js';
import { cacheFolder } from './cacheScripts.js';
import { agentEntry, controlFolder, keeperEntry } from './podScripts.js';

/** What everything of ours in a cluster is found by. */
export const labels = {
  managed: 'app.kubernetes.io/managed-by',
  /** Whose: the mark of one state directory. */
  state: 'muster.dev/state',
  run: 'muster.dev/run',
  sandbox: 'muster.dev/sandbox',
  thread: 'muster.dev/thread',
  /** `closed`: what the network policy is about. */
  network: 'muster.dev/network',
  /** `history`: a volume with that of a repository. */
  cache: 'muster.dev/cache',
  /** Which facade its models are reached through, as a network policy knows it. */
  facade: 'muster.dev/facade',
} as const;

const annotations = { agent: 'muster.dev/agent', accounts: 'muster.dev/accounts' } as const;

export const containers = { agent: 'agent', keeper: 'keeper' } as const;

/** Nobody's on any machine: an agent is never root, and the images of Node have a user of this number. */
export const podUser = 1000;

/** A run that nobody comes back for is not kept for ever. */
const longestPodSeconds = 7 * 24 * 3600;
const keptJobSeconds = 3600;
/** Whoever ends a pod from outside ends its agent with it: nothing of that is waited for. */
const graceSeconds = 5;

export function jobName(run: RunId): string {
  return `muster-${run}`;
}

/** A value of {@link labels.facade}: names of services may be longer than those of labels. */
export function facadeLabel(facade: string): string {
  return createHash('sha256').update(facade).digest('hex').slice(0, 16);
}

export interface JobOptions {
  readonly spec: SandboxSpec;
  readonly driver: KubernetesSpec;
  /** The mark of the state directory. */
  readonly state: string;
  /** The volume that its repository has in the namespace. */
  readonly cacheClaim?: string | undefined;
}

/** The one Job of a run: its pod begins nothing until the host has sent what it begins with. */
export function runJob(run: RunId, { spec, driver, state, cacheClaim }: JobOptions): V1Job {
  const own = {
    [labels.managed]: 'muster',
    [labels.state]: state,
    [labels.run]: run,
    [labels.sandbox]: spec.id,
    [labels.thread]: spec.thread,
    [labels.network]: spec.network === 'full' ? 'full' : 'closed',
    ...(driver.facade === undefined ? {} : { [labels.facade]: facadeLabel(driver.facade) }),
  };
  const told = { [annotations.agent]: spec.agent, [annotations.accounts]: accounts };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(run), labels: own, annotations: { [annotations.agent]: spec.agent } },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: longestPodSeconds,
      ttlSecondsAfterFinished: keptJobSeconds,
      template: { metadata: { labels: own, annotations: told }, spec: podSpec(run, { spec, driver, cacheClaim }) },
    },
  };
}

function podSpec(run: RunId, { spec, driver, cacheClaim }: Omit<JobOptions, 'state'>): V1PodSpec {
  return {
    restartPolicy: 'Never',
    // What an agent does is nothing that the cluster's own API is asked for.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds,
    ...(driver.serviceAccount === undefined ? {} : { serviceAccountName: driver.serviceAccount }),
    ...(driver.runtimeClass === undefined ? {} : { runtimeClassName: driver.runtimeClass }),
    ...(driver.nodeSelector === undefined
      ? {}
      : {
          nodeSelector: Object.fromEntries(
            driver.nodeSelector.map(({ name, value }): [string, string] => [name, value]),
          ),
        }),
    tolerations: (driver.tolerations ?? []).map(({ seconds, ...toleration }) => ({
      ...toleration,
      ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
    })),
    imagePullSecrets: (driver.imagePullSecrets ?? []).map(name => ({ name })),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: podUser,
      runAsGroup: podUser,
      fsGroup: podUser,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      agentContainer(run, spec, cacheMount(cacheClaim, 'read')),
      keeperContainer(spec, cacheMount(cacheClaim, 'write')),
    ],
    volumes: [
      ...volumes(spec, driver),
      ...(cacheClaim === undefined ? [] : [{ name: cacheVolume, persistentVolumeClaim: { claimName: cacheClaim } }]),
    ],
  };
}

const cacheVolume = 'cache';

/** What agents read of each other's repository is written beside them alone. */
function cacheMount(claimed: string | undefined, access: 'read' | 'write'): readonly V1VolumeMount[] {
  if (claimed === undefined) return [];
  return [{ name: cacheVolume, mountPath: cacheFolder, readOnly: access === 'read' }];
}

function agentContainer(run: RunId, spec: SandboxSpec, cache: readonly V1VolumeMount[]): V1Container {
  const { resources } = spec;
  const { cpus, memoryBytes } = guestLimits(spec);
  const asked = new Map(cpus === undefined ? [] : [['cpu', String(cpus)]]);
  if (resources?.diskBytes !== undefined) asked.set('ephemeral-storage', String(resources.diskBytes));
  return {
    ...container(spec, ['/bin/sh', '-c', agentEntry, `${runIdVariable}=${run}`]),
    name: containers.agent,
    env: [{ name: 'HOME', value: guestPaths.home }],
    resources: {
      // What was asked for is kept free for it; what is only our usual limit is not.
      requests: {
        ...Object.fromEntries(asked),
        memory: String(resources?.memoryBytes === undefined ? usualMemoryRequest : memoryBytes),
      },
      limits: { ...Object.fromEntries(asked), memory: String(memoryBytes) },
    },
    volumeMounts: [
      { name: 'work', mountPath: guestPaths.workspace, readOnly: spec.workspace.readOnly === true },
      { name: 'own', mountPath: guestPaths.top },
      { name: 'control', mountPath: controlFolder, readOnly: true },
      ...common,
      ...cache,
      ...(spec.mounts ?? []).map(({ source, target, readOnly }) => ({
        name: claim(source),
        mountPath: target,
        readOnly,
      })),
    ],
  };
}

const usualMemoryRequest = 256 * 1024 ** 2;

/** Git that takes in a whole history needs more than tar does. */
const keeperMemory = { usual: '512Mi', withCache: '1Gi' } as const;

function keeperContainer(spec: SandboxSpec, cache: readonly V1VolumeMount[]): V1Container {
  return {
    ...container(spec, ['/bin/sh', '-c', keeperEntry]),
    name: containers.keeper,
    resources: {
      requests: { cpu: '10m', memory: '32Mi' },
      limits: { memory: cache.length > 0 ? keeperMemory.withCache : keeperMemory.usual },
    },
    volumeMounts: [
      { name: 'work', mountPath: guestPaths.workspace },
      { name: 'own', mountPath: guestPaths.top },
      // All files come as one tar.
      { name: 'work', mountPath: `${guestPaths.top}/workspace` },
      { name: 'control', mountPath: controlFolder },
      ...common,
      ...cache,
    ],
  };
}

const pulls = { missing: 'IfNotPresent', always: 'Always', never: 'Never' } as const satisfies Record<
  PullPolicy,
  string
>;

function container({ image }: SandboxSpec, command: string[]) {
  return {
    image: image?.name ?? '',
    imagePullPolicy: pulls[image?.pull ?? 'missing'],
    command,
    workingDir: '/',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      privileged: false,
      capabilities: { drop: ['ALL'] },
    },
  };
}

const common: V1VolumeMount[] = [
  { name: 'tmp', mountPath: '/tmp' },
  { name: 'scratch', mountPath: '/run' },
  { name: 'scratch', mountPath: '/var/tmp' },
  { name: 'accounts', mountPath: '/etc/passwd', subPath: 'passwd', readOnly: true },
];

/** Programs ask for the name and home of whoever runs them. */
const accounts = [
  'root:x:0:0:root:/root:/bin/sh',
  'nobody:x:65534:65534:nobody:/nonexistent:/bin/false',
  `agent:x:${podUser}:${podUser}:agent:${guestPaths.home}:/bin/sh`,
  '',
].join('\n');

function volumes(spec: SandboxSpec, driver: KubernetesSpec): V1Volume[] {
  const { diskBytes } = guestLimits(spec);
  const size = String(diskBytes);
  const disk = (name: string): V1Volume =>
    driver.storage === undefined
      ? { name, emptyDir: { sizeLimit: size } }
      : {
          name,
          ephemeral: {
            volumeClaimTemplate: {
              spec: {
                accessModes: ['ReadWriteOnce'],
                storageClassName: driver.storage,
                resources: { requests: { storage: size } },
              },
            },
          },
        };
  return [
    disk('work'),
    disk('own'),
    { name: 'control', emptyDir: { sizeLimit: '16Mi' } },
    { name: 'tmp', emptyDir: { sizeLimit: size } },
    { name: 'scratch', emptyDir: { sizeLimit: '64Mi' } },
    {
      name: 'accounts',
      downwardAPI: {
        items: [{ path: 'passwd', fieldRef: { fieldPath: `metadata.annotations['${annotations.accounts}']` } }],
      },
    },
    ...new Map(
      (spec.mounts ?? []).map(({ source }): [string, V1Volume] => [
        source,
        { name: claim(source), persistentVolumeClaim: { claimName: source } },
      ]),
    ).values(),
  ];
}

function claim(name: string): string {
  return `claim-${name}`;
}
