/** A sandbox as `muster sandbox stats --json` tells of it. */
export interface RecordedSandbox {
  readonly sandbox: string;
  readonly thread_id: string;
  readonly agent: string;
  readonly driver: string;
  readonly image: string;
  readonly state: string;
  readonly problem?: string;
  readonly progress?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly happenings?: readonly string[];
  readonly created_at: string;
  readonly used_at: string;
  readonly runtime_ids: readonly string[];
  readonly usage?: {
    readonly cpus: number;
    readonly memory_bytes: number;
    readonly memory_limit_bytes: number;
    readonly processes: number;
  };
}
