import type { Preparation } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { optional } from '../output/wireJson.js';
import { askAgain } from '../runs/askAgain.js';
import { orUndefined } from '../output/wireText.js';

export const worktreesSetup = defineCommand({
  name: 'worktrees setup',
  summary: 'show what getting a worktree ready came to',
  positionals: [{ name: 'thread', required: true }],
  options: { skip: { type: 'boolean', text: 'go on without the command that failed: the agent is asked again' } },
  details:
    'The commands of `workspace.setup` run in a new worktree before its first run, and again before the next one when they failed.',
  async run(context, args) {
    const { connect, signal, out, json } = context;
    const thread = await getThread(context, args.required(0));
    const threadId = thread.id;
    const client = await connect();
    const { preparation } = args.flag('skip')
      ? await client.worktrees.skipPreparation({ threadId }, { signal })
      : await client.worktrees.getPreparation({ threadId }, { signal });
    const isOver = ['failed', 'lost', 'timed_out', 'cancelled'].includes(thread.latestRun?.status ?? '');
    if (args.flag('skip') && preparation?.state === 'skipped' && isOver) {
      const { status } = await askAgain(context, thread);
      out.note(`${thread.agent} is asked again: ${status}.`);
    }
    if (json) out.json({ thread_id: threadId, ...(preparation && preparationJson(preparation)) });
    else {
      out.raw(preparation?.output ?? '');
      out.line(preparation ? sentence(preparation) : 'Nothing was to be done.');
    }
    return preparation?.state === 'failed' ? 1 : 0;
  },
});

function preparationJson({ state, port, command, exitCode, output }: Preparation) {
  return { state, port, output, ...optional({ command: orUndefined(command), exit_code: exitCode }) };
}

function sentence({ state, command, exitCode, port }: Preparation): string {
  const ports = port === 0 ? '' : ` Its ports begin at ${port}.`;
  switch (state) {
    case 'waiting':
      return `Its commands run before its first run.${ports}`;
    case 'working':
      return `\`${command}\` is at work.${ports}`;
    case 'failed':
      return `\`${command}\` ${exitCode === undefined ? 'could not be run' : `ended with status ${exitCode}`}. A follow-up tries again; --skip goes on without.`;
    case 'skipped':
      return `Runs go on without \`${command}\`.${ports}`;
    case 'ready':
      return `The worktree is ready.${ports}`;
    default:
      return 'Nothing was to be done.';
  }
}
