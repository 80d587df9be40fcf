/** Where an agent runs, as the compose file says it. */
export type DriverSpec =
  | { readonly name: 'process' }
  /** `hosts`: on one of these, which is chosen for each sandbox. */
  | { readonly name: 'docker'; readonly host?: string | undefined; readonly hosts?: readonly string[] | undefined }
  | KubernetesSpec
  | BoxliteSpec
  | { readonly name: 'microsandbox'; readonly profile?: string | undefined };

export interface BoxliteSpec {
  readonly name: 'boxlite';
  readonly kernel?: string | undefined;
  /** Of a folder with an image, instead of one of a registry. */
  readonly rootfs?: string | undefined;
}

/** Which cluster, and how its pods are made. */
export interface KubernetesSpec {
  readonly name: 'kubernetes';
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly nodeSelector?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly tolerations?: readonly TolerationSpec[] | undefined;
  readonly runtimeClass?: string | undefined;
  readonly imagePullSecrets?: readonly string[] | undefined;
  /** The service that models are reached through, `name` or `name.namespace`; missing: the host. */
  readonly facade?: string | undefined;
  /** A storage class. */
  readonly storage?: string | undefined;
  readonly cache?: CacheSpec | undefined;
}

/** The volume that keeps the history of a repository in a cluster. */
export interface CacheSpec {
  /** A storage class. */
  readonly storage?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly accessMode?: string | undefined;
}

export interface TolerationSpec {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
  readonly seconds?: number | undefined;
}
