import { fieldOf, hasFunctions } from '../../base/unknownFields.js';

/** The part of the package `@boxlite-ai/boxlite` that is used here, in its own words. */
export interface BoxliteSdk {
  readonly JsBoxlite: new (options: { readonly homeDir: string; readonly imageRegistries?: Registry[] }) => Boxlite;
}

export interface Registry {
  readonly host: string;
  readonly transport?: 'http' | 'https';
  readonly auth?: { readonly username: string; readonly password: string };
}

export interface Boxlite {
  create(options: BoxOptions, name: string): Promise<Box>;
  get(name: string): Promise<Box | null>;
  getInfo(name: string): Promise<BoxInfo | null>;
  listInfo(): Promise<readonly BoxInfo[]>;
  readonly images: {
    pull(reference: string): Promise<unknown>;
    list(): Promise<readonly { readonly reference: string }[]>;
  };
  remove(name: string, force: boolean): Promise<void>;
  close(): void;
}

export interface BoxInfo {
  readonly name?: string | undefined;
  readonly state: { readonly running: boolean };
  readonly memoryMib: number;
}

export interface Box {
  start(): Promise<void>;
  exec(
    command: string,
    args: string[],
    env: [string, string][],
    tty: boolean,
    user: string | null,
    timeoutSecs: number | null,
    workingDir: string | null,
  ): Promise<Execution>;
  metrics(): Promise<{ readonly cpuPercent?: number; readonly memoryBytes?: number }>;
}

interface Execution {
  stdin(): Promise<{ write(data: Buffer): Promise<void>; close(): Promise<void> }>;
  kill(): Promise<void>;
  stdout(): Promise<{ next(): Promise<string | null> }>;
  wait(): Promise<{ readonly exitCode: number }>;
}

export interface BoxOptions {
  readonly image?: string;
  readonly rootfsPath?: string;
  readonly cpus?: number;
  readonly memoryMib: number;
  readonly diskSizeGb: number;
  readonly volumes: { readonly hostPath: string; readonly guestPath: string; readonly readOnly: boolean }[];
  readonly network: {
    readonly outbound: { readonly mode: 'enabled' | 'disabled' };
  };
  readonly detach: boolean;
  readonly entrypoint: string[];
  readonly cmd: string[];
  readonly user: string;
}

/** By what is called here; what it does is the package's word. */
export function isBoxlite(loaded: unknown): loaded is BoxliteSdk {
  const { prototype }: { readonly prototype?: unknown } = Object(fieldOf(loaded, 'JsBoxlite'));
  return hasFunctions(prototype, ['create', 'get', 'getInfo', 'listInfo', 'remove']);
}
