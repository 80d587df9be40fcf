import { askByGh, compareUrl } from '../../client/pullRequests.js';
import { defineCommand } from '../command.js';
import { findProgram } from '../../client/findProgram.js';
import { oneLine } from '../output/terminalText.js';
import { optional } from '../output/wireJson.js';

export const pullRequest = defineCommand({
  name: 'pr',
  summary: 'push the branch of a thread and open a pull request',
  positionals: [{ name: 'thread', required: true }],
  options: {
    'remote': {
      type: 'string',
      value: 'NAME',
      text: 'where to (default: that of the target, the only one, or origin)',
    },
    'title': { type: 'string', value: 'TEXT', text: 'title (default: the thread’s)' },
    'dry-run': { type: 'boolean', text: 'only show what would be pushed and asked for' },
  },
  details:
    'Nothing is pushed by force. With GitHub’s gh installed and logged in the pull request is opened, otherwise the page to open it on is printed. Words of agents stand in its description as text.',
  async run({ connect, out, json, signal, env }, args) {
    const threadId = args.required(0);
    const client = await connect();
    const draft = await client.merges.preparePullRequest({ threadId, remote: args.text('remote') ?? '' }, { signal });
    const request = { ...draft, title: args.text('title') ?? draft.title };
    const { remote, url, head, base, branch, title, body } = request;
    const shown = { remote, url, branch, head, base, title, body };
    if (args.flag('dry-run')) {
      if (json) out.json({ ...shown, pushed: false });
      else {
        out.line(`${oneLine(branch)} (${head.slice(0, 8)}) would be pushed to ${oneLine(url)}, for ${oneLine(base)}:`);
        out.line(oneLine(title));
        out.line('');
        for (const line of body.trimEnd().split('\n')) out.line(line);
      }
      return 0;
    }
    await client.merges.pushThread({ threadId, remote, url, head, base }, { signal });
    if (!json) out.note(`${oneLine(branch)} is at ${oneLine(url)}.`);
    // Absolute folders of PATH alone: what stands in the repository is its agents' to write.
    const asked = await askByGh(request, { program: findProgram('gh', env), env }, signal);
    const page = 'url' in asked ? asked.url : compareUrl(request);
    const problem = 'problem' in asked ? asked.problem : undefined;
    if (json)
      out.json({
        ...shown,
        pushed: true,
        ...optional({ pull_request: 'url' in asked ? asked.url : undefined, compare: page, problem }),
      });
    else {
      if (problem !== undefined) out.note(`No pull request was opened (${oneLine(problem)}).`);
      if (page !== undefined) out.line(oneLine(page));
    }
    return 0;
  },
});
