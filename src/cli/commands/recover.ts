import { defineCommand } from '../command.js';
import { oneLine } from '../output/terminalText.js';

export const recover = defineCommand({
  name: 'recover',
  summary: 'bring threads back after the database was damaged',
  details:
    'Apply the compose files again first (`muster up`): threads come back from their worktrees, from what was kept of removed ones (`muster restore` brings their files back) and from run directories, and only into projects that are applied. The damaged database stays where it was put aside; from then on nobody is reminded of it.',
  async run({ connect, out, json, signal }) {
    const client = await connect();
    const { threadIds, left, kept } = await client.host.recover({}, { signal });
    if (json) {
      out.json({
        recovered: threadIds,
        left: left.map(({ path, reason }) => ({ path, reason })),
        kept,
      });
      return left.length === 0 ? 0 : 1;
    }
    if (threadIds.length + left.length + kept.length === 0) {
      out.line('Nothing was lost: no database was found damaged, and every worktree has its thread.');
      return 0;
    }
    out.line(threadIds.length === 1 ? '1 thread is back.' : `${threadIds.length} threads are back.`);
    for (const { path, reason } of left) out.line(`${oneLine(path)} was left: ${oneLine(reason)}`);
    for (const path of kept) out.line(`The damaged database is kept at ${oneLine(path)}`);
    return left.length === 0 ? 0 : 1;
  },
});
