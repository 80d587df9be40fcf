import type { AgentSpec, ProjectSpec } from '../../compose/projectSpec.js';

/** In a container their only way to a model is the host. */
const countedInContainers: ReadonlySet<string> = new Set(['claude', 'codex', 'gemini', 'opencode']);

/** Agents with a budget whose calls of models do not go through the host, so that nobody can count and stop them. */
export function unkeptBudgets(spec: ProjectSpec): readonly string[] {
  return spec.agents.filter(agent => agent.budget !== undefined && !isCounted(agent)).map(({ name }) => name);
}

function isCounted({ llm, driver, provider }: AgentSpec): boolean {
  return llm !== undefined || (driver.name !== 'process' && countedInContainers.has(provider));
}
