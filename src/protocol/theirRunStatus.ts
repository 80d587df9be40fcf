/** agent-compose's words for the states of a run. */
export type TheirRunStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'canceled';

export function theirRunStatus({ status }: { readonly status: string }): TheirRunStatus {
  switch (status) {
    case 'queued':
      return 'pending';
    case 'starting':
    case 'running':
    case 'waiting':
      return 'running';
    case 'succeeded':
      return 'succeeded';
    case 'cancelled':
      return 'canceled';
    default:
      return 'failed';
  }
}
