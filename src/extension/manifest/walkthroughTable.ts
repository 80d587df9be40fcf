import type { CommandId } from './commandTable.js';

export interface WalkthroughStep {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Markdown file in `media/walkthrough`. */
  readonly media: string;
  readonly completedBy?: CommandId;
  readonly completedWhen?: string;
}

export const walkthrough = {
  id: 'start',
  title: 'Get Started with Muster',
  description: 'From a task to a merged commit in five steps.',
} as const;

export const walkthroughSteps: readonly WalkthroughStep[] = [
  {
    id: 'crew',
    title: 'Describe your crew',
    description:
      'The file agent-compose.yml names your agents: Claude Code, Codex, Gemini CLI, OpenCode, or a command of your own. The agent “demo” needs no account.\n[Create Compose File](command:muster.createComposeFile)',
    media: 'crew.md',
    completedWhen: 'muster.hasComposeFile',
  },
  {
    id: 'apply',
    title: 'Apply it',
    description:
      'Applying makes the agents available. Muster asks first when the file wants more than an edit in a worktree.\n[Apply Compose File](command:muster.applyProject)',
    media: 'apply.md',
    completedWhen: 'muster.hasProject',
  },
  {
    id: 'dispatch',
    title: 'Dispatch a task',
    description:
      'Pick an agent, say what to do. The agent works in a git worktree of its own; your files stay as they are.\n[Dispatch Task](command:muster.dispatch)',
    media: 'dispatch.md',
    completedBy: 'muster.dispatch',
  },
  {
    id: 'review',
    title: 'Review the changes',
    description:
      'All changed files open in one editor. The right side is the worktree: correct what you like.\n[Review Changes](command:muster.review)',
    media: 'review.md',
    completedBy: 'muster.review',
  },
  {
    id: 'merge',
    title: 'Merge what is good',
    description:
      'Merging brings exactly the commit that you reviewed into your branch, and never touches files that you are editing.\n[Merge Thread](command:muster.merge)',
    media: 'merge.md',
    completedBy: 'muster.merge',
  },
];
