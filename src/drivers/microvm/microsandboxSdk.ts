import { fieldOf, hasFunctions } from '../../base/unknownFields.js';

/** The part of the package `microsandbox` that is used here, in its own words. */
export interface MicrosandboxSdk {
  readonly Sandbox: {
    builder(name: string): SandboxBuilder;
    get(name: string): Promise<SandboxHandle>;
    listWith(configure: (list: ListBuilder) => ListBuilder): Promise<SandboxPage>;
  };
  readonly Image: { get(reference: string): Promise<unknown> };
}

export interface ListBuilder {
  limit(limit: number): this;
  cursor(cursor: string): this;
}

interface SandboxPage {
  readonly sandboxes: readonly SandboxHandle[];
  readonly nextCursor?: string | undefined;
}

export interface SandboxHandle {
  readonly name: string;
  readonly status: string;
  connect(): Promise<RunningSandbox>;
  metrics(): Promise<{
    readonly cpuPercent: number;
    readonly memoryBytes: number;
    readonly memoryLimitBytes: number;
  }>;
  /** Force-kills after the time. */
  stopWithTimeout(timeoutMs: number): Promise<void>;
  remove(): Promise<void>;
}

export interface RunningSandbox {
  execStreamWith(command: string, configure: (options: ExecOptions) => ExecOptions): Promise<ExecHandle>;
}

export interface ExecOptions {
  args(args: string[]): this;
  cwd(cwd: string): this;
  envs(variables: Record<string, string>): this;
  stdinNull(): this;
  stdinPipe(): this;
}

export interface ExecHandle {
  recv(): Promise<ExecEvent | null>;
  takeStdin(): Promise<ExecSink | null>;
  kill(): Promise<void>;
}

export type ExecEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | { readonly kind: 'exited'; readonly code: number };

export interface ExecSink {
  write(data: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface SandboxBuilder {
  image(image: string): this;
  rootDisk(mib: number): this;
  cpus(count: number): this;
  memory(mib: number): this;
  detached(detached: boolean): this;
  user(user: string): this;
  security(profile: 'default' | 'restricted'): this;
  rlimit(resource: string, limit: number): this;
  placementProfile(profile: string): this;
  pullPolicy(policy: 'always' | 'if-missing' | 'never'): this;
  registry(configure: (registry: RegistryBuilder) => RegistryBuilder): this;
  volume(inside: string, configure: (mount: MountBuilder) => MountBuilder): this;
  disableNetwork(): this;
  network(configure: (network: NetworkBuilder) => NetworkBuilder): this;
  create(): Promise<RunningSandbox>;
}

export interface RegistryBuilder {
  insecure(): this;
  auth(login: { readonly kind: 'basic'; readonly username: string; readonly password: string }): this;
}

export interface MountBuilder {
  bind(host: string): this;
  readonly(): this;
  quota(mib: number): this;
  statVirtualization(policy: 'strict' | 'relaxed' | 'off'): this;
  hostPermissions(policy: 'private' | 'mirror'): this;
}

export interface NetworkBuilder {
  policy(policy: NetworkPolicy): this;
}

export interface NetworkPolicy {
  readonly defaultEgress: 'allow' | 'deny';
  readonly defaultIngress: 'allow' | 'deny';
  readonly rules: readonly NetworkRule[];
}

export interface NetworkRule {
  readonly direction: 'egress';
  readonly destination:
    | { readonly kind: 'domain'; readonly domain: string }
    | { readonly kind: 'domainSuffix'; readonly suffix: string }
    | { readonly kind: 'cidr'; readonly cidr: string }
    | { readonly kind: 'group'; readonly group: 'host' | 'public' | 'private' };
  /** None: any. */
  readonly protocols: readonly ('tcp' | 'udp')[];
  /** None: any. */
  readonly ports: readonly { readonly start: number; readonly end: number }[];
  readonly action: 'allow';
}

/** By what is called here; what it does is the package's word. */
export function isMicrosandbox(loaded: unknown): loaded is MicrosandboxSdk {
  return (
    hasFunctions(fieldOf(loaded, 'Sandbox'), ['builder', 'get', 'listWith']) &&
    hasFunctions(fieldOf(loaded, 'Image'), ['get'])
  );
}
