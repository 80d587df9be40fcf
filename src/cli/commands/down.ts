import type { RemoveProjectResponse } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand } from '../command.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import { printChanges, printProject, projectOf } from '../output/projectReport.js';
import { changeShape, type Era } from '../output/compose/shapes.js';
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
    // There, a project that was down already has no entries.
    const listed = unchanged && compat !== undefined ? [] : changes;
    const status = statusOf(answer, compat);
    if (json) {
      out.json({
        project: projectOf(project, compat),
        status,
        ...(compat !== 'head' && { failed_session_stops: failedStops }),
        ...(compat !== 'seed' && { failed_sandbox_stops: failedStops }),
        ...(compat === undefined && { unchanged }),
        changes: listed.map(change => changeShape(change, compat)),
      });
    } else {
      if (compat !== 'head')
        printProject(out, project, compat === undefined && unchanged ? `${status} (it was before)` : status);
      printChanges(out, listed, compat);
    }
    return failedStops > 0 ? 1 : 0;
  },
});

/** Ours is `partial` where agent-compose says `partial-failure`; what was down before is unchanged only there. */
function statusOf({ failedStops, unchanged }: RemoveProjectResponse, era: Era): string {
  if (failedStops > 0) return era === undefined ? 'partial' : 'partial-failure';
  return unchanged && era !== undefined ? 'unchanged' : 'down';
}
