import { defineCommand } from '../command.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import { printChanges, printProject, projectOf } from '../output/projectReport.js';
import { changeJson } from '../output/wireJson.js';
import { getProject } from '../lookup/projectLookup.js';

export const down = defineCommand({
  name: 'down',
  summary: 'take a project down: its agents stop and take no tasks until the next `up`',
  details:
    'Threads, worktrees and revisions stay. Once more is no error. The exit status is 1 when some run could not be stopped.',
  async run(context) {
    const { connect, out, json, compat, signal, directory } = context;
    const request =
      context.file === undefined
        ? { project: '', file: (await getProject(context)).file }
        : { project: '', file: await findComposeFile(directory, context.file) };
    const client = await connect();
    const answer = await client.projects.removeProject(request, { signal });
    const { project, changes, unchanged, failedStops } = answer;
    if (!project) throw new Error('The host answered without a project');
    const status = failedStops > 0 ? 'partial' : 'down';
    if (json) {
      out.json({
        project: projectOf(project, compat),
        status,
        ...(compat !== 'head' && { failed_session_stops: failedStops }),
        ...(compat !== 'seed' && { failed_sandbox_stops: failedStops }),
        ...(compat === undefined && { unchanged }),
        changes: changes.map(changeJson),
      });
    } else {
      printProject(out, project, unchanged ? `${status} (it was before)` : status);
      printChanges(out, changes);
    }
    return failedStops > 0 ? 1 : 0;
  },
});
