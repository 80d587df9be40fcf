/**
 * The commands as the help lists them, by what somebody wants to do. Those that are in none are other names, for scripts and for who
 * comes from elsewhere: `muster help all` has them.
 */
export const helpGroups: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  {
    title: 'Every day',
    names: ['init', 'up', 'dispatch', 'run', 'ps', 'logs', 'diff', 'review', 'approve', 'merge', 'undo'],
  },
  {
    title: 'Threads and runs',
    names: [
      'inbox',
      'answer',
      'wait',
      'cancel',
      'retry',
      'close',
      'reopen',
      'abandon',
      'restore',
      'chain',
      'batch',
      'keep',
      'tasks',
    ],
  },
  { title: 'Landing', names: ['queue', 'update', 'push', 'pr'] },
  { title: 'Worktrees and sandboxes', names: ['worktrees', 'exec', 'cp', 'sandbox', 'image', 'volume', 'jupyter'] },
  {
    title: 'Projects and schedules',
    names: ['config', 'down', 'project', 'agent', 'scheduler', 'event', 'webhook', 'import'],
  },
  { title: 'Models and costs', names: ['models', 'llm', 'cost', 'metrics', 'facade'] },
  {
    title: 'The host',
    names: [
      'status',
      'doctor',
      'cluster',
      'health',
      'daemon',
      'service',
      'gc',
      'recover',
      'inspect',
      'mcp',
      'setup-mcp',
      'version',
    ],
  },
  { title: 'Over the network', names: ['login', 'logout', 'token', 'password', 'session', 'variable'] },
];
