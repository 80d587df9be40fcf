import { AppError } from '../../base/errors.js';
import type { Merge } from '../../protocol/gen/muster/v1/merges_pb.js';
import { defineCommand } from '../command.js';
import { readSeconds } from '../options/seconds.js';
import { usageError } from '../options/usageError.js';
import { oneLine } from '../output/terminalText.js';
import { mergeJson } from '../output/wireJson.js';
import { presentMerge, waitForEnd } from '../runs/mergeEnd.js';

export const waitMerge = defineCommand({
  name: 'wait merge',
  summary: 'wait until a merge has ended',
  positionals: [{ name: 'merge', required: false }],
  options: {
    'op-id': { type: 'string', value: 'MERGE', text: 'the merge, as `muster merge --detach` or orch_merge named it' },
    'within': { type: 'string', short: 't', value: 'SECONDS', text: 'the same as --timeout: give up after this long' },
  },
  details: 'Exit status: 0 merged; 1 not merged, or timeout; 2 usage or a merge that nobody knows; 3 no host.',
  async run(context, args) {
    const id = args.text('op-id') ?? args.positionals[0];
    if (id === undefined) throw usageError('`muster wait merge` needs --op-id.');
    const timeoutMs = readSeconds(args.text('within'), '-t') ?? context.timeoutMs;
    const { repeatable, signal, out, json } = context;
    const { merge } = await repeatable(client => client.merges.getMerge({ mergeId: id }, { signal }));
    const now = presentMerge(merge);
    const last = await waitForEnd(context, now, timeoutMs);
    if (!last) {
      const seconds = (timeoutMs ?? 0) / 1000;
      const message = `Merge ${now.id} has not ended within ${seconds} s; it is ${now.status}.`;
      throw new AppError('wait.timeout', message, { thread: now.threadId, seconds });
    }
    if (json) out.json(mergeJson(last));
    else for (const [name, value] of Object.entries(fields(last))) out.line(`${name}=${value}`);
    return last.status === 'merged' ? 0 : 1;
  },
});

function fields(merge: Merge): Readonly<Record<string, string>> {
  return {
    op_id: merge.id,
    thread_id: merge.threadId,
    status: merge.status,
    target_branch: oneLine(merge.target),
    ...(merge.commit === '' ? {} : { commit: merge.commit }),
    ...(merge.endedAt > merge.createdAt ? { duration_ms: String(merge.endedAt - merge.createdAt) } : {}),
    ...(merge.files.length === 0 ? {} : { conflict_files: merge.files.map(oneLine).join(',') }),
    ...(merge.message === '' ? {} : { message: oneLine(merge.message) }),
  };
}
