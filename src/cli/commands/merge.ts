import { AppError, isAppError } from '../../base/errors.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import { shortId } from '../../protocol/displayFormat.js';
import { defineCommand, type CommandContext } from '../command.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/style.js';
import { mergeJson } from '../output/wireJson.js';
import { getThread } from '../lookup/threadLookup.js';

const ended: ReadonlySet<string> = new Set(['merged', 'blocked', 'conflicted', 'failed', 'cancelled']);
/** A host that ends between the answer and the next life is waited for this often. */
const maximumReconnects = 5;

export const merge = defineCommand({
  name: 'merge',
  summary: 'bring a thread’s commit into a branch',
  positionals: [{ name: 'thread', required: true }],
  options: {
    into: { type: 'string', value: 'BRANCH', text: 'the target (default: the branch the thread started from)' },
    strategy: { type: 'string', value: 'NAME', text: 'merge, squash or rebase' },
    expect: { type: 'string', value: 'SHA', text: 'the commit that was reviewed; anything else is blocked' },
    message: { type: 'string', short: 'm', value: 'TEXT', text: 'commit message (default: the summary)' },
    detach: { type: 'boolean', text: 'do not wait for the end' },
  },
  details: 'Exit status: 0 merged, 1 not. Without --expect, work that is not committed yet is committed first.',
  async run(context, args) {
    const { signal } = context;
    const thread = await getThread(context, args.required(0));
    const client = await context.connect();
    const response = await client.merges.requestMerge(
      {
        threadId: thread.id,
        target: args.text('into') ?? '',
        strategy: args.text('strategy') ?? '',
        expect: expand(args.text('expect'), thread.head),
        message: args.text('message') ?? '',
      },
      { signal },
    );
    const requested = present(response.merge);
    const last = args.flag('detach') ? requested : await waitForEnd(context, requested);
    report(context, last);
    return args.flag('detach') || last.status === 'merged' ? 0 : 1;
  },
});

/** People copy short commit ids; only the thread's own head can be meant. */
function expand(expect: string | undefined, head: string): string {
  if (expect === undefined) return '';
  if (!/^[0-9a-fA-F]{4,64}$/.test(expect))
    throw usageError(`--expect takes a commit id, not ${JSON.stringify(expect)}.`);
  const lower = expect.toLowerCase();
  if (lower.length >= 40 || head.startsWith(lower)) return lower.length >= 40 ? lower : head;
  throw usageError(`--expect ${expect} is not the thread's commit ${shortId(head) || '(it has none)'}.`);
}

async function waitForEnd(context: CommandContext, requested: Merge): Promise<Merge> {
  let client = await context.connect();
  let now = requested;
  for (let reconnects = 0; !ended.has(now.status);) {
    try {
      const request = { mergeId: requested.id, seenMessage: now.message };
      now = present((await client.merges.waitMerge(request, { signal: context.signal })).merge);
      if (!ended.has(now.status) && now.message !== '') context.out.note(oneLine(now.message));
    } catch (error) {
      if (!isAppError(error, 'host.unreachable') || reconnects++ >= maximumReconnects) throw error;
      // The merge is in the database; the next host goes on with it.
      client = await context.reconnect();
    }
  }
  return now;
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
  if (!ended.has(status)) out.line(`${status}, into ${branch} (${result.id})`);
  else out.line(`${out.style.attention(status)}: not merged into ${branch}${message === '' ? '' : `; ${message}`}`);
  for (const file of files) out.line(`  ${oneLine(file)}`);
}

function present(answer: Merge | undefined): Merge {
  if (!answer) throw new AppError('merge.unknown', 'The host does not know this merge any more.', { merge: '' });
  return answer;
}
