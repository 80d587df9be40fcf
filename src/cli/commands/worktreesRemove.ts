import { defineCommand } from '../command.js';
import { ignoredOption, readIgnored } from '../options/ignoredFiles.js';

export const worktreesRemove = defineCommand({
  name: 'worktrees remove',
  summary: 'remove the worktree of a thread, keeping its work',
  positionals: [{ name: 'thread', required: true }],
  options: { ignored: ignoredOption },
  details:
    'Commits, staged, unstaged and untracked files are kept under a rescue ref first; `muster restore` brings them back.',
  async run({ connect, out, json, signal }, args) {
    const threadId = args.required(0);
    const ignored = readIgnored(args.text('ignored'));
    const client = await connect();
    const { rescue } = await client.worktrees.removeWorktree({ threadId, ignored }, { signal });
    if (json) out.json({ rescue });
    else out.line(rescue === '' ? 'Removed; there was nothing to keep.' : `Removed; kept as ${rescue}.`);
    return 0;
  },
});
