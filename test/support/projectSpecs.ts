import type { AgentSpec, ProjectSpec } from '../../src/compose/projectSpec.js';
import { parseCompose } from '../../src/compose/parseCompose.js';

/** The normal form of a compose file that is known to be valid. */
export function specOf(text: string): ProjectSpec {
  const { spec, diagnostics } = parseCompose(text, { directoryName: 'shop', env: () => undefined });
  if (!spec) throw new Error(diagnostics.map(problem => problem.message).join('\n'));
  return spec;
}

/** The agent of that name. */
export function agentOf(spec: ProjectSpec, name: string): AgentSpec {
  const agent = spec.agents.find(candidate => candidate.name === name);
  if (!agent) throw new Error(`No agent ${name}`);
  return agent;
}
