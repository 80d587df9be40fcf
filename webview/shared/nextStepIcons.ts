/** Icons of what helps when a merge, or an agent, did not come through: the same wherever it is offered. */
export const nextStepIcons = {
  mergeAgain: 'git-merge',
  resolve: 'sparkle',
  mergeByHand: 'diff-multiple',
  finishHandMerge: 'check',
  abandonHandMerge: 'discard',
  mergeRebase: 'git-merge',
  showSourceControl: 'source-control',
  fixAgent: 'question',
} as const;
