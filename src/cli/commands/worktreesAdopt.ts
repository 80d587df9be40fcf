import { resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { getProject } from '../lookup/projectLookup.js';
import { present } from '../lookup/threadLookup.js';
import { reportThread } from '../output/threadReport.js';
import { threadJson } from '../output/wireJson.js';

export const worktreesAdopt = defineCommand({
  name: 'worktrees adopt',
  summary: 'make a thread of a worktree that somebody else made',
  positionals: [{ name: 'folder', required: true }],
  options: {
    agent: { type: 'string', value: 'NAME', text: 'whose thread it becomes (default: the only agent)' },
    base: { type: 'string', value: 'BRANCH', text: 'what its work is compared with (default: what is checked out)' },
  },
  details:
    'Nothing in it is changed, and it is trusted no more than an agent’s. Its work can be reviewed and merged, and a follow-up (`muster dispatch --thread`) goes on in it. Its branch stays when the worktree is removed.',
  async run(context, args) {
    const { connect, directory, out, json, signal } = context;
    const project = await getProject(context);
    const path = resolve(directory, args.required(0));
    const client = await connect();
    const request = { project: project.id, path, agent: args.text('agent') ?? '', base: args.text('base') ?? '' };
    const thread = present((await client.worktrees.adoptWorktree(request, { signal })).thread, path);
    if (!json) return reportThread(context, thread);
    out.json({ thread: threadJson(thread) });
    return 0;
  },
});
