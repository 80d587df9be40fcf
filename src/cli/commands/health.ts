import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand } from '../command.js';
import { AppError } from '../../base/errors.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';

export const health = defineCommand({
  name: 'health',
  summary: 'tell which agents can work, and what keeps the others from it',
  positionals: [{ name: 'agent', required: false }],
  details:
    'It spends no tokens. Exit status: 0 when all of them can work, 1 when one cannot; 2 for an agent that nobody knows.',
  async run({ out, json, repeatable, signal }, args) {
    const [wanted] = args.positionals;
    const { projects } = await repeatable(client => client.projects.listProjects({}, { signal }));
    const all = projects
      .filter(({ removed }) => !removed)
      .flatMap(project => project.agents.map(agent => ({ project, agent, problem: problemOf(agent, project) })));
    const chosen = wanted === undefined ? all : all.filter(({ agent }) => agent.name === wanted);
    if (wanted !== undefined && chosen.length === 0) {
      const known = all.map(({ agent }) => agent.name);
      const message = `There is no agent ${JSON.stringify(wanted)}. Known agents: ${known.join(', ') || 'none'}.`;
      throw new AppError('agent.unknown', message, { agent: wanted, known });
    }
    if (json) {
      out.json({
        agents: chosen.map(({ project, agent, problem }) => ({
          agent: agent.name,
          project: project.name,
          provider: agent.provider,
          healthy: problem === '',
          circuit: agent.circuit || 'closed',
          failures_in_a_row: agent.circuitFailures,
          active: agent.active,
          queued: agent.queued,
          problem: problem === '' ? null : problem,
        })),
      });
    } else if (chosen.length === 0) out.line('No agents. `muster up` applies a compose file.');
    else {
      const rows = chosen.map(({ project, agent, problem }) => [
        `${oneLine(project.name)}/${oneLine(agent.name)}`,
        oneLine(agent.provider),
        problem === '' ? 'ready' : oneLine(problem),
      ]);
      printRows(out, [['AGENT', 'PROVIDER', 'HEALTH'], ...rows]);
    }
    return chosen.every(({ problem }) => problem === '') ? 0 : 1;
  },
});

function problemOf(agent: Agent, { consented, file }: Project): string {
  if (agent.problem !== '') return agent.problem;
  if (!consented) return `waits for a person's consent: run \`muster up\` for ${file}`;
  if (agent.circuit === 'open') return `its provider is left alone after ${agent.circuitFailures} failures in a row`;
  return '';
}
