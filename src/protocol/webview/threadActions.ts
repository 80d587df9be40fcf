/** Buttons of the webviews that act on one thread. The extension maps each to its command. */
export const threadActions = [
  'open',
  'review',
  'merge',
  'mergeSquash',
  'stop',
  'retry',
  'close',
  'abandon',
  'restore',
  'openWorktree',
  'openTerminal',
  'rawLog',
  'copyBranch',
  'copyId',
] as const;

export type ThreadAction = (typeof threadActions)[number];
