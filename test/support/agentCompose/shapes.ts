/**
 * The keys of agent-compose's JSON, by the names of its parts: `?` behind a key that is left out when there is nothing in it,
 * `:part` for what is in it, `:part[]` for a list. Facts about its output, both eras; nothing of its code.
 */
const project = 'id name source_path current_revision spec_hash agent_count scheduler_count';
const revision = 'revision spec_hash';
const execution = 'run_id? command args? cwd? exit_code success stdout? stderr? output? error?';
const runEnd =
  'started_at? completed_at? duration_ms? prompt? output? result_json? logs_path? artifacts_dir? cleanup_error? driver? image_ref?';
const place =
  'title? driver? vm_status? workspace_path? proxy_path? guest_image? trigger_source? created_at? updated_at? cell_count event_count tags?';

export const shapes = {
  seed: {
    answer: 'err msg data',
    version: 'version',
    project,
    revision,
    change: 'action resource_type resource_id name message?',
    up: 'project:project revision:revision applied unchanged changes:change[]',
    down: 'project:project status failed_session_stops changes:change[]',
    run: `run_id project_id project_name agent_name source status session_id exit_code error? ${runEnd}`,
    logs: 'runs:run[]',
    session: `session_id ${place}`,
    listedAgent:
      'agent_name managed_agent_id scheduler_enabled scheduler_id? scheduler_triggers latest_run?:run running_session?:session driver? image?',
    ps: 'project:project agents:listedAgent[]',
    agent: 'agent_name managed_agent_id provider? model? image? driver? scheduler_enabled',
    scheduler: 'agent_name scheduler_id managed_loader_id enabled trigger_count',
    inspectProject: 'project:project agents:agent[] schedulers:scheduler[]',
    inspectAgent: 'project:project agent:agent schedulers:scheduler[] latest_run?:run running_sessions?:session[]',
    exec: `exec_id session_id ${execution}`,
    image:
      'image_id image_ref resolved_ref? repo_tags? repo_digests? store availability_status platform? size_bytes virtual_size_bytes created_at? inspected_at? dangling container_count labels?',
    imageStore: 'store available endpoint? error?',
    imageStep: 'id? status? progress? current_bytes? total_bytes?',
    images: 'images:image[] total_count has_more next_offset store_status:imageStore',
    inspectImage: 'image:image store_status:imageStore',
    pulled: 'image_ref resolved_ref? status image:image progress?:imageStep[] warnings?',
    projectPulled: 'images:pulled[]',
    removed: 'image_ref untagged_refs? deleted_ids? warnings?',
  },
  head: {
    answer: 'err msg data:version',
    version: 'timestamp? timezone? timezone_offset? version os arch compiled_drivers',
    project: `${project} short_id`,
    revision,
    change: 'action resource_type id short_id? name message?',
    up: 'project:project revision:revision applied unchanged changes:change[]',
    down: 'project:project status failed_sandbox_stops changes:change[]',
    run: `id short_id project_id project_name agent_name source status sandbox_id? sandbox_short_id? exit_code error? ${runEnd} warnings? logs_command? jupyter_url? jupyter_path?`,
    log: 'agent_name? run_id run_short_id? time? prompt? content',
    logs: 'runs:log[]',
    sandbox: `sandbox_id sandbox_short_id? ${place} stopped_runtime_policy stopped_runtime_state stopped_runtime_last_error? stopped_runtime_released_at?`,
    listedSandbox:
      'kind? runtime_id? sandbox_id sandbox_short_id agent? status run_id? run_short_id? created_at? updated_at? driver? image? workspace? stopped_runtime_policy? stopped_runtime_state?',
    ps: 'project:project sandboxes:listedSandbox[]',
    agent: 'id name short_id provider? model? resolved_model? model_source? image? driver? scheduler_enabled',
    agents: 'project:project agents:agent[]',
    scheduler: 'agent_name scheduler_id enabled trigger_count',
    inspectProject: 'project:project agents:agent[] schedulers:scheduler[]',
    inspectAgent: 'project:project agent:agent schedulers:scheduler[] latest_run?:run running_sandboxes?:sandbox[]',
    listedProject:
      'id name short_id config_file project_dir? revision spec_hash? agent_count scheduler_count service_count running_run_count latest_run_id? created_at? updated_at? removed_at?',
    projects: 'projects:listedProject[] total',
    schedulerProject: 'id name short_id source_path? current_revision? spec_hash? agent_count? scheduler_count?',
    trigger:
      'agent_name name? trigger_id trigger_short_id kind source scheduler_id? scheduler_short_id? scheduler_enabled trigger_enabled topic? interval_ms? spec_json? next_fire_at? last_fired_at?',
    triggers: 'project:schedulerProject triggers:trigger[]',
    schedulerRun:
      'run_id run_short_id agent_name scheduler_id trigger_id? trigger_kind? trigger_source? status sandbox_ids? started_at? completed_at? duration_ms? error? result_json? payload_json? artifacts_dir?',
    schedulerRuns: 'project:schedulerProject runs:schedulerRun[]',
    schedulerEvent:
      'id run_id agent_name scheduler_id trigger_id? type level message? payload_json? sandbox_id? cell_id? agent_thread_id? created_at?',
    schedulerLogs: 'project:schedulerProject run?:schedulerRun events:schedulerEvent[]',
    inspectScheduler:
      'project:schedulerProject resource source agent_name scheduler?:scheduler trigger?:trigger run?:schedulerRun definition? registered?',
    startedRun:
      'id short_id project_id project_name? agent_name scheduler_id scheduler_short_id? trigger_id? trigger_short_id? trigger_kind? trigger_source? status started_at? completed_at? duration_ms? error? result_json? payload_json? source_script_sha256? artifacts_dir? inspect_command? stop_command?',
    invocation: 'scheduler status duration_ms result_json? warnings?',
    stoppedRun: 'run:startedRun stop_requested',
    pruneStats: 'runs scheduler_events event_deliveries event_sandbox_links artifact_dirs artifact_bytes',
    schedulerPrune:
      'record_scope dry_run project:schedulerProject scheduler? trigger_id? statuses? older_than? matched:pruneStats removed:pruneStats skipped_runs residues warnings',
    action: 'sandbox_id status outcome?',
    actions: 'results:action[]',
    prune: 'dry_run matched:listedSandbox[] removed skipped warnings?',
    exec: `exec_id sandbox_id ${execution}`,
    image:
      'image_id short_id? image_ref resolved_ref? repo_tags? repo_digests? store availability_status platform? size_bytes virtual_size_bytes created_at? inspected_at? dangling container_count labels?',
    imageStore: 'store available endpoint? error?',
    imageStep: 'id? status? progress? current_bytes? total_bytes?',
    images: 'images:image[] total store_status:imageStore',
    inspectImage: 'image:image store_status:imageStore',
    pulled: 'image_ref resolved_ref? status image:image progress?:imageStep[] warnings?',
    projectPulled: 'images:pulled[]',
    removed: 'image_ref untagged_refs? deleted_ids? warnings?',
    built: 'image_ref resolved_ref? status image:image warnings?',
  },
} as const;

export type EraName = keyof typeof shapes;

/** What is wrong with the keys of a printed value, as `path: key`; nothing when it is of that shape. */
export function wrongKeys(era: EraName, shape: string, value: unknown, path = shape): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: not an object`];
  const table = shapes[era] as Readonly<Record<string, string>>;
  const fields = (table[shape] ?? '').split(' ').map(text => {
    const [name = '', part = ''] = text.split(':');
    return {
      name: name.replace('?', ''),
      optional: name.endsWith('?'),
      part: part.replace('[]', ''),
      many: part.endsWith('[]'),
    };
  });
  const printed = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(printed).filter(key => !fields.some(({ name }) => name === key));
  return [
    ...unknown.map(key => `${path}: ${key} is not a key of ${era}`),
    ...fields.flatMap(({ name, optional, part, many }) => {
      const inside = printed[name];
      if (inside === undefined) return optional ? [] : [`${path}: ${name} is missing`];
      if (part === '') return [];
      const items: readonly unknown[] = many ? (Array.isArray(inside) ? inside : [undefined]) : [inside];
      return items.flatMap((item, index) => wrongKeys(era, part, item, `${path}.${name}${many ? `[${index}]` : ''}`));
    }),
  ];
}
