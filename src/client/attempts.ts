import { randomUUID } from 'node:crypto';

/** A task that several agents, or one several times, do each for themselves, so that the best is kept. */
export interface Attempts {
  readonly agents: readonly string[];
  /** As many as agents, in their order: the model of each in place of its own. */
  readonly models?: readonly string[] | undefined;
  readonly prompt: string;
  readonly summary?: string | undefined;
  readonly base?: string | undefined;
}

/** The batch that attempts at a task are given as: the same words to each. */
export function attemptsBatch({ agents, models = [], prompt, summary = '', base = '' }: Attempts) {
  return {
    batch: `best-of-${agents.length}-${randomUUID().slice(0, 8)}`,
    tasks: agents.map((agent, index) => ({
      key: `${index + 1}-${agent}`,
      agent,
      model: models[index] ?? '',
      prompt,
      summary,
      base,
      dependsOn: [],
    })),
  };
}
