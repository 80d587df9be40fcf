import type { Agent } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand } from '../command.js';
import { agentOf, printRows, projectOf } from '../output/projectReport.js';
import { getProject } from '../lookup/projectLookup.js';

export const agentList = defineCommand({
  name: 'agent ls',
  summary: 'list the agents of a project',
  async run(context) {
    const { out, json, compat } = context;
    const project = await getProject(context);
    if (json) {
      out.json({
        project: projectOf(project, compat),
        agents: project.agents.map(agent => agentOf(project, agent, compat)),
      });
      return 0;
    }
    if (compat !== undefined) {
      printRows(out, [['AGENT', 'PROVIDER', 'MODEL', 'IMAGE', 'DRIVER', 'SCHEDULER'], ...project.agents.map(eraRow)]);
      return 0;
    }
    const rows = project.agents.map(({ name, provider, model, driver, workspace, permissions, active, queued }) => [
      name,
      provider,
      model,
      driver,
      workspace,
      permissions,
      String(active),
      String(queued),
    ]);
    printRows(out, [['AGENT', 'PROVIDER', 'MODEL', 'DRIVER', 'WORKSPACE', 'PERMISSIONS', 'ACTIVE', 'QUEUED'], ...rows]);
    return 0;
  },
});

/** What agent-compose tells about an agent. */
function eraRow({ name, provider, model, image, driver, schedulerEnabled }: Agent): readonly string[] {
  return [name, provider, model, image, driver, String(schedulerEnabled)];
}
