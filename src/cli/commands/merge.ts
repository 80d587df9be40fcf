import { randomUUID } from 'node:crypto';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import { conflictTask } from '../../protocol/conflictTask.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import { shortId } from '../../protocol/displayFormat.js';
import { defineCommand, type CommandContext } from '../command.js';
import { findProject } from '../lookup/projectLookup.js';
import { readCount } from '../options/readCount.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/terminalText.js';
import { noteUnsent } from '../output/noteUnsent.js';
import { mergeJson } from '../output/wireJson.js';
import { getThread } from '../lookup/threadLookup.js';
import { hasEnded, presentMerge, waitForEnd } from '../runs/mergeEnd.js';

export const merge = defineCommand({
  name: 'merge',
  summary: 'bring a thread’s commit into a branch',
  positionals: [{ name: 'thread', required: false }],
  options: {
    'into': { type: 'string', value: 'BRANCH', text: 'the target (default: the branch the thread started from)' },
    'strategy': { type: 'string', value: 'NAME', text: 'merge, squash or rebase' },
    'expect': { type: 'string', value: 'SHA', text: 'the commit that was reviewed; anything else is blocked' },
    'message': { type: 'string', short: 'm', value: 'TEXT', text: 'commit message (default: the summary)' },
    'priority': { type: 'string', value: 'N', text: 'higher comes first in the queue (default 0)' },
    'all-ready': { type: 'boolean', text: 'every thread of this project whose present commit you approved' },
    'resolve': { type: 'boolean', text: 'ask the agent to resolve the conflict of the last merge, then merge' },
    'detach': { type: 'boolean', text: 'do not wait for the end' },
  },
  details: 'Exit status: 0 merged, 1 not. Without --expect, work that is not committed yet is committed first.',
  async run(context, args) {
    const { signal } = context;
    const [named] = args.positionals;
    if (args.flag('all-ready')) {
      if (named !== undefined) throw usageError('--all-ready takes no thread.');
      return await mergeApproved(context, args.flag('detach'));
    }
    if (named === undefined) throw usageError('`muster merge` needs <thread> or --all-ready.');
    const thread = await getThread(context, named);
    noteUnsent(context.out, thread);
    if (args.flag('resolve')) return await resolveByAgent(context, thread);
    const client = await context.connect();
    const response = await client.merges.requestMerge(
      {
        threadId: thread.id,
        target: args.text('into') ?? '',
        strategy: args.text('strategy') ?? '',
        expect: expand(args.text('expect'), thread.head),
        message: args.text('message') ?? '',
        priority: readCount(args.text('priority'), '--priority') ?? 0,
      },
      { signal },
    );
    const requested = presentMerge(response.merge);
    const last = args.flag('detach') ? requested : ((await waitForEnd(context, requested)) ?? requested);
    report(context, last);
    return args.flag('detach') || last.status === 'merged' ? 0 : 1;
  },
});

/** The merge is asked for again by the host, when the agent has ended well. */
async function resolveByAgent(context: CommandContext, { id, agent, latestMerge }: Thread): Promise<number> {
  const { out, json, signal } = context;
  if (latestMerge?.status !== 'conflicted') throw usageError('--resolve is for a thread whose last merge conflicted.');
  const client = await context.connect();
  const { runId } = await client.threads.dispatch(
    {
      threadId: id,
      agent,
      prompt: conflictTask(latestMerge),
      thenMerge: latestMerge.id,
      environment: collectProviderEnvironment(process.env),
      idempotencyKey: randomUUID(),
    },
    { signal },
  );
  if (json) out.json({ thread_id: id, run_id: runId, merge_id: latestMerge.id });
  else out.line(`${oneLine(agent)} is asked to resolve it; then it is merged into ${oneLine(latestMerge.target)}`);
  return 0;
}

/** Queues all first, so that each waits only for those before it; 0 when every one was merged. */
async function mergeApproved(context: CommandContext, detach: boolean): Promise<number> {
  const { out, signal } = context;
  const project = await findProject(context);
  const client = await context.connect();
  const request = { project: project?.id ?? '', folder: '' };
  const { merges } = await client.merges.requestApprovedMerges(request, { signal });
  if (merges.length === 0) out.note('Nothing to merge: no thread is ready at a commit that you approved.');
  const last: Merge[] = [];
  for (const requested of merges) {
    const { thread } = await client.threads.getThread({ threadId: requested.threadId }, { signal });
    if (thread) noteUnsent(out, thread);
    const now = detach ? requested : ((await waitForEnd(context, requested)) ?? requested);
    last.push(now);
    if (!context.json) {
      out.line(out.style.accent(now.threadId.slice(0, 8)));
      report(context, now);
    }
  }
  if (context.json) out.json({ merges: last.map(mergeJson) });
  return detach || last.every(({ status }) => status === 'merged') ? 0 : 1;
}

/** People copy short commit ids; only the thread's own head can be meant. */
function expand(expect: string | undefined, head: string): string {
  if (expect === undefined) return '';
  if (!/^[0-9a-fA-F]{4,64}$/.test(expect))
    throw usageError(`--expect takes a commit id, not ${JSON.stringify(expect)}.`);
  const lower = expect.toLowerCase();
  if (lower.length >= 40 || head.startsWith(lower)) return lower.length >= 40 ? lower : head;
  throw usageError(`--expect ${expect} is not the thread's commit ${shortId(head) || '(it has none)'}.`);
}

function report({ out, json }: CommandContext, result: Merge): void {
  if (json) {
    out.json(mergeJson(result));
    return;
  }
  const { status, target, commit, files } = result;
  const branch = oneLine(target);
  const message = oneLine(result.message);
  if (status === 'merged') {
    out.line(`${out.style.good('merged')} into ${branch} as ${shortId(commit)}`);
    if (message !== '') out.note(message);
    return;
  }
  if (!hasEnded(result)) out.line(`${status}, into ${branch} (${result.id})`);
  else out.line(`${out.style.attention(status)}: not merged into ${branch}${message === '' ? '' : `; ${message}`}`);
  for (const file of files) out.line(`  ${oneLine(file)}`);
  if (result.reason === 'verify_failed')
    out.note(`\`muster queue checks ${result.threadId}\` shows what its verify commands printed.`);
}
