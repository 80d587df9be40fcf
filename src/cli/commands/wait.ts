import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { describeState } from '../output/threadList.js';
import { threadJson } from '../output/wireJson.js';
import { readSeconds } from '../options/seconds.js';
import { isSettled, timedOut, waitUntilSettled } from '../../client/settling.js';

export const wait = defineCommand({
  name: 'wait',
  summary: 'wait until a thread has settled',
  positionals: [{ name: 'thread', required: true }],
  options: {
    within: { type: 'string', short: 't', value: 'SECONDS', text: 'the same as --timeout: give up after this long' },
  },
  details:
    'Settled means that nothing goes on that ends by itself: the thread is ready, needs a person, or is over. Exit status: 0 settled, ' +
    'whatever the outcome; 1 timeout; 2 usage or unknown thread; 3 no host.',
  async run(context, args) {
    const timeoutMs = readSeconds(args.text('within'), '-t') ?? context.timeoutMs;
    const thread = await getThread(context, args.required(0));
    const settled = isSettled(thread)
      ? thread
      : await waitUntilSettled(await context.watch(), { thread, signal: context.signal, timeoutMs });
    if (!settled) throw timedOut(thread, (timeoutMs ?? 0) / 1000);
    if (context.json) context.out.json(threadJson(settled));
    else context.out.line(`${settled.id} ${describeState(settled)}`);
    return 0;
  },
});
