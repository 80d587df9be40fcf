import { formatOptionalCount } from '../output/count.js';
import { defineCommand } from '../command.js';
import { oneLine } from '../output/terminalText.js';
import { formatTable } from '../output/table.js';
import { foreignJson, spareJson, worktreeJson } from '../output/wireJson.js';
import { findProject } from '../lookup/projectLookup.js';

export const worktrees = defineCommand({
  name: 'worktrees',
  summary: 'list the worktrees of threads',
  options: { all: { type: 'boolean', short: 'a', text: 'of every project, not only of the one of this folder' } },
  async run(context, args) {
    const { out, json, signal } = context;
    const project = args.flag('all') ? undefined : await findProject(context);
    const request = { folder: project?.folder ?? '', others: true };
    const {
      worktrees: found,
      spares,
      others,
    } = await context.repeatable(client => client.worktrees.listWorktrees(request, { signal }));
    if (json) {
      out.json({ worktrees: found.map(worktreeJson), spares: spares.map(spareJson), others: others.map(foreignJson) });
      return 0;
    }
    if (found.length === 0) out.line('No worktrees.');
    const rows = found.map(({ threadId, branch, ahead, behind, changed, path, missing, processes }) => [
      { text: threadId.slice(0, 8), paint: out.style.accent },
      { text: oneLine(branch) },
      { text: formatOptionalCount('↑', ahead), align: 'right' as const },
      { text: formatOptionalCount('↓', behind), align: 'right' as const },
      { text: missing ? 'missing' : changed > 0 ? `${changed} changed` : '' },
      { text: processes.map(({ pid, name }) => `${oneLine(name)} ${pid}`).join(', ') },
      { text: oneLine(path) },
    ]);
    for (const line of formatTable(rows)) out.line(line);
    for (const { path, state } of spares) {
      const what =
        state === 'touched' ? 'Somebody has been in, so that no thread gets it' : 'Kept ready for the next thread';
      out.line(out.style.dim(`${what}: ${oneLine(path)}`));
    }
    for (const { path, branch, problem } of others) {
      const what = problem === '' ? `on ${oneLine(branch)}` : oneLine(problem);
      out.line(out.style.dim(`Made by others: ${oneLine(path)} (${what})`));
    }
    return 0;
  },
});
