/** A tool of chat, as `package.json` declares it. */
export interface ChatToolEntry {
  /** How a person names it in a prompt, behind `#`. */
  readonly reference: string;
  readonly title: string;
  /** For people. */
  readonly description: string;
  /** For the model: what it is for, and what it gives. */
  readonly modelDescription: string;
  readonly icon: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

const thread = { type: 'string', description: 'Id of the thread, or its first characters.' } as const;

/** What chat may do with Muster. Landing work is not among it: that is for people. */
export const chatToolTable = {
  muster_agents: {
    reference: 'musterAgents',
    title: 'Muster Agents',
    description: 'Lists the coding agents of this workspace and whether they can work',
    modelDescription:
      'Lists the coding agents that Muster can give tasks to: name, provider, model, what each is busy with and what keeps it from working.',
    icon: '$(organization)',
    inputSchema: { type: 'object', properties: {} },
  },
  muster_dispatch: {
    reference: 'musterDispatch',
    title: 'Dispatch a Muster Task',
    description: 'Gives a task to a coding agent, which works on it in a worktree of its own',
    modelDescription:
      'Gives a task to a coding agent. It works in the background in a git worktree of its own; nothing lands before a person merges it. Say in the prompt what is to be done and how to tell that it is. Returns the id of its thread; use muster_wait for the answer. With thread_id the task is a follow-up on that thread.',
    icon: '$(play)',
    inputSchema: {
      type: 'object',
      properties: {
        agent: { type: 'string', description: 'Name of the agent; muster_agents lists them.' },
        prompt: { type: 'string', description: 'The task.' },
        thread_id: { ...thread, description: 'A thread to go on with. Leave it out for a new task.' },
      },
      required: ['agent', 'prompt'],
    },
  },
  muster_threads: {
    reference: 'musterThreads',
    title: 'Muster Threads',
    description: 'Lists what the agents of this workspace work on',
    modelDescription:
      'Lists the threads (tasks) of this workspace, the latest first: id, agent, state, what it needs a person for, branch, changed files and cost.',
    icon: '$(list-unordered)',
    inputSchema: { type: 'object', properties: {} },
  },
  muster_wait: {
    reference: 'musterWait',
    title: 'Wait for a Muster Thread',
    description: 'Waits until a thread needs nobody’s work any more, and tells its answer',
    modelDescription:
      'Waits until nothing goes on in a thread that ends by itself, hand-offs to other agents included, and returns its state and its last answer.',
    icon: '$(watch)',
    inputSchema: { type: 'object', properties: { thread_id: thread }, required: ['thread_id'] },
  },
  muster_changes: {
    reference: 'musterChanges',
    title: 'Changes of a Muster Thread',
    description: 'Shows what a thread changed',
    modelDescription: 'Returns the files that a thread changed and the patch, in pages of 40,000 characters.',
    icon: '$(diff)',
    inputSchema: {
      type: 'object',
      properties: {
        thread_id: thread,
        offset: { type: 'integer', minimum: 0, description: 'Where in the patch to go on.' },
      },
      required: ['thread_id'],
    },
  },
} as const satisfies Readonly<Record<string, ChatToolEntry>>;

export type ChatToolName = keyof typeof chatToolTable;
