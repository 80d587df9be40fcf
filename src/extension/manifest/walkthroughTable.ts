export type WalkthroughStepId = 'crew' | 'apply' | 'dispatch' | 'review' | 'merge';

export interface WalkthroughStep {
  readonly id: WalkthroughStepId;
  readonly title: string;
  readonly description: string;
  /** Markdown file in `media/walkthrough`. */
  readonly media: string;
}

export const walkthrough = {
  id: 'start',
  title: 'Get Started with Muster',
  description: 'From a task to a merged commit in five steps.',
} as const;

/** The context key that is true for a moment when the step was taken. */
export function stepKey(step: WalkthroughStepId): string {
  return `muster.walkthrough.${step}`;
}

export const walkthroughSteps: readonly WalkthroughStep[] = [
  {
    id: 'crew',
    title: 'Describe your crew',
    description:
      'The file agent-compose.yml names your agents: Claude Code, Codex, Gemini CLI, OpenCode, or a command of your own. The agent “demo” needs no account.\n[Create Compose File](command:muster.createComposeFile)',
    media: 'crew.md',
  },
  {
    id: 'apply',
    title: 'Apply it',
    description:
      'Applying makes the agents available. Muster asks first when the file wants more than an edit in a worktree.\n[Apply Compose File](command:muster.applyProject)',
    media: 'apply.md',
  },
  {
    id: 'dispatch',
    title: 'Dispatch a task',
    description:
      'Say what to do, and which agent does it. The agent works in a git worktree of its own; your files stay as they are.\n[Dispatch Task](command:muster.dispatch)',
    media: 'dispatch.md',
  },
  {
    id: 'review',
    title: 'Review the changes',
    description:
      'All changed files open in one editor. The right side is the worktree: correct what you like.\n[Review Changes](command:muster.review)',
    media: 'review.md',
  },
  {
    id: 'merge',
    title: 'Merge what is good',
    description:
      'Merging brings exactly the commit that you reviewed into your branch, and never touches files that you are editing.\n[Merge Thread](command:muster.merge)',
    media: 'merge.md',
  },
];
