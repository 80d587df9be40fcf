/**
 * The 26 tools of compas with what they take and return, as whoever used them knows them. Left out of `results`, on purpose:
 *
 * | | why |
 * |---|---|
 * | `db_path` | the database is the host's alone; `state_dir` says where it lives |
 * | `clamped`, `effective_timeout_secs`, `requested_timeout_secs` | a wait has no ceiling |
 * | `ping_latency_ms`, `cached` | health sends no prompt, so that nothing has a latency or is kept |
 * | `role` | there are no agents that never run |
 * | `timestamp_ms`, `since_timestamp` | CLIs do not say when; events are counted, and `since_event_index` goes on |
 * | `requested_by`, `commit_message` of a merge | the commit itself says both |
 * | `started_at` of a merge | told as `queued_at`; `state` says how far it is |
 * | `op_id` … at the top of an overview | in `recent` |
 */
export const compasTools: readonly {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}[] = [
  { name: 'orch_session_info', parameters: [], results: ['server', 'version', 'agent_count'] },
  {
    name: 'orch_dispatch',
    parameters: ['from', 'to', 'body', 'intent', 'batch', 'thread_id', 'summary', 'scheduled_for', 'skip_handoff'],
    results: ['thread_id', 'message_id', 'next_step', 'scheduled_for', 'execution_id', 'reopened', 'previous_status'],
  },
  {
    name: 'orch_status',
    parameters: ['agent', 'thread_id'],
    results: [
      ...['threads', 'thread_id', 'batch_id', 'summary', 'thread_status', 'agent', 'execution_status', 'started_at'],
      ...['duration_ms', 'error', 'prompt_hash', 'scheduled_count'],
    ],
  },
  {
    name: 'orch_transcript',
    parameters: ['thread_id'],
    results: [
      ...['thread_id', 'thread_status', 'summary', 'batch_id', 'messages', 'id', 'reference', 'from', 'to', 'intent'],
      ...['body', 'created_at', 'skip_handoff', 'executions', 'agent', 'dispatch_message_id', 'execution_status'],
      ...['queued_at', 'started_at', 'finished_at', 'duration_ms', 'exit_code', 'error', 'prompt_hash'],
    ],
  },
  {
    name: 'orch_read',
    parameters: ['reference'],
    results: ['id', 'reference', 'thread_id', 'from', 'to', 'intent', 'body', 'created_at'],
  },
  { name: 'orch_close', parameters: ['thread_id', 'from', 'status', 'note'], results: ['thread_id', 'status'] },
  {
    name: 'orch_abandon',
    parameters: ['thread_id'],
    results: ['thread_id', 'status', 'executions_cancelled', 'processes_killed', 'worktree_branch'],
  },
  {
    name: 'orch_abandon_batch',
    parameters: ['batch_id'],
    results: [
      ...['batch_id', 'threads_abandoned', 'threads_already_terminal', 'total_executions_cancelled'],
      ...['total_processes_killed', 'errors'],
    ],
  },
  { name: 'orch_reopen', parameters: ['thread_id'], results: ['thread_id', 'previous_status', 'new_status'] },
  {
    name: 'orch_wait',
    parameters: ['thread_id', 'intent', 'since_reference', 'strict_new', 'timeout_secs', 'await_chain'],
    results: [
      ...['found', 'message_id', 'reference', 'from', 'to', 'intent', 'body', 'thread_id', 'created_at'],
      ...['fanout_children_awaited', 'settled_at', 'timeout_secs', 'intent_filter', 'chain_pending', 'hint'],
    ],
  },
  {
    name: 'orch_poll',
    parameters: ['thread_id', 'intent', 'since_reference'],
    results: [
      ...['thread_id', 'thread_status', 'summary', 'matched_messages', 'latest_message_id', 'latest_message_ref'],
      ...['latest_intent', 'latest_body_preview', 'execution_status'],
    ],
  },
  {
    name: 'orch_batch_status',
    parameters: ['batch_id'],
    results: ['batch_id', 'thread_count', 'threads', 'thread_id', 'summary', 'status'],
  },
  {
    name: 'orch_tasks',
    parameters: ['alias', 'batch_id', 'limit', 'filter'],
    results: [
      ...['thread_id', 'batch_id', 'summary', 'agent', 'execution_status', 'started_at', 'finished_at', 'duration_ms'],
      ...['error', 'prompt_hash', 'eligible_at', 'eligible_reason'],
    ],
  },
  {
    name: 'orch_metrics',
    parameters: [],
    results: [
      ...['thread_counts', 'total_messages', 'queue_depth', 'active_by_agent', 'cost', 'total_cost_usd'],
      ...['total_tokens_in', 'total_tokens_out', 'executions_with_cost'],
    ],
  },
  {
    name: 'orch_tool_stats',
    parameters: ['agent_alias'],
    results: [
      ...['tool_stats', 'tool_name', 'call_count', 'error_count', 'error_rate', 'tool_usage_by_agent', 'agent_alias'],
      ...['cost_by_agent', 'total_cost_usd', 'total_tokens_in', 'total_tokens_out', 'execution_count'],
    ],
  },
  {
    name: 'orch_diagnose',
    parameters: ['thread_id'],
    results: [
      ...['thread_id', 'thread_status', 'summary', 'message_count', 'execution_count', 'latest_execution_id'],
      ...[
        'latest_execution_status',
        'latest_execution_agent',
        'latest_execution_error',
        'latest_execution_duration_ms',
      ],
      ...['blockers', 'suggestions'],
    ],
  },
  {
    name: 'orch_health',
    parameters: ['alias'],
    results: [
      ...['worker_heartbeat', 'worker_id', 'last_beat_at', 'started_at', 'version', 'queue_depth', 'agents', 'alias'],
      ...['backend', 'ping_alive', 'ping_detail', 'circuit_state', 'circuit_failures'],
    ],
  },
  {
    name: 'orch_list_agents',
    parameters: [],
    results: [
      ...['agents', 'alias', 'backend', 'model', 'timeout_secs', 'max_concurrent', 'active', 'queued', 'available'],
      ...['handoff_to', 'await_chain_recommended', 'max_chain_depth', 'global_max_concurrent', 'global_active'],
      ...['global_available'],
    ],
  },
  { name: 'orch_worktrees', parameters: ['thread_id'], results: ['thread_id', 'path'] },
  {
    name: 'orch_execution_events',
    parameters: ['execution_id', 'since_event_index', 'limit'],
    results: ['id', 'event_type', 'summary', 'detail', 'event_index', 'tool_name'],
  },
  {
    name: 'orch_read_log',
    parameters: ['execution_id', 'offset', 'limit', 'tail'],
    results: ['execution_id', 'total_lines', 'returned_lines', 'offset', 'has_more', 'source', 'lines'],
  },
  {
    name: 'orch_merge',
    parameters: ['thread_id', 'from', 'target_branch', 'strategy'],
    results: [
      ...['op_id', 'thread_id', 'source_branch', 'target_branch', 'strategy', 'status', 'queue_depth', 'next_step'],
    ],
  },
  {
    name: 'orch_merge_status',
    parameters: ['op_id', 'target_branch', 'thread_id'],
    results: [
      ...['op_id', 'thread_id', 'source_branch', 'target_branch', 'strategy', 'status', 'queued_at', 'finished_at'],
      ...['duration_ms', 'result_summary', 'error_detail', 'conflict_files', 'suggested_actions', 'counts', 'recent'],
    ],
  },
  { name: 'orch_merge_cancel', parameters: ['op_id'], results: ['op_id', 'cancelled', 'reason'] },
  {
    name: 'orch_wait_merge',
    parameters: ['op_id', 'timeout_secs'],
    results: [
      ...['found', 'op_id', 'thread_id', 'status', 'source_branch', 'target_branch', 'duration_ms', 'result_summary'],
      ...['error_detail', 'conflict_files', 'timeout_secs', 'last_status'],
    ],
  },
  {
    name: 'orch_commit',
    parameters: ['thread_id', 'message'],
    results: ['commit_sha', 'files_changed', 'thread_id', 'worktree_path'],
  },
];
