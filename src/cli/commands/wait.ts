import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { describeState, notesOf } from '../output/threadList.js';
import { threadJson } from '../output/wireJson.js';
import { readSeconds } from '../options/seconds.js';
import type { Message } from '../../protocol/gen/muster/v1/threads_pb.js';
import { awaitMessage } from '../runs/awaitMessage.js';
import type { CommandContext } from '../command.js';
import { isoTime } from '../output/wireText.js';
import { isSettled, timedOut, waitUntilSettled } from '../../client/settling.js';

export const wait = defineCommand({
  name: 'wait',
  summary: 'wait until a thread has settled',
  positionals: [{ name: 'thread', required: true }],
  options: {
    'within': { type: 'string', short: 't', value: 'SECONDS', text: 'the same as --timeout: give up after this long' },
    'intent': { type: 'string', value: 'INTENT', text: 'wait for a message with this intent, such as response' },
    'since': { type: 'string', value: 'MESSAGE', text: 'wait for a message after this one' },
    'strict-new': { type: 'boolean', text: 'wait for a message that is not there yet' },
    'await-chain': { type: 'boolean', text: 'and until everything that follows from the task has ended' },
  },
  details:
    'Settled means that nothing goes on that ends by itself: the thread is ready, needs a person, or is over. Exit status: 0 settled, ' +
    'whatever the outcome; 1 timeout; 2 usage or unknown thread; 3 no host.',
  async run(context, args) {
    const timeoutMs = readSeconds(args.text('within'), '-t') ?? context.timeoutMs;
    const thread = await getThread(context, args.required(0));
    const wantsMessage = args.text('intent') ?? args.text('since') ?? (args.flag('strict-new') ? 'now' : undefined);
    if (wantsMessage !== undefined) {
      const message = await awaitMessage(context, {
        threadId: thread.id,
        intent: args.text('intent'),
        since: args.text('since') ?? (args.flag('strict-new') ? 'now' : undefined),
        awaitChain: args.flag('await-chain'),
        timeoutMs,
      });
      if (!message) throw timedOut(thread, (timeoutMs ?? 0) / 1000);
      printMessage(context, message);
      return 0;
    }
    const settled = isSettled(thread)
      ? thread
      : await waitUntilSettled(await context.watch(), { thread, signal: context.signal, timeoutMs });
    if (!settled) throw timedOut(thread, (timeoutMs ?? 0) / 1000);
    if (context.json) context.out.json(threadJson(settled));
    else {
      context.out.line(`${settled.id} ${describeState(settled)}`);
      for (const note of notesOf(settled)) context.out.note(note);
    }
    return 0;
  },
});

function printMessage({ out, json }: CommandContext, message: Message): void {
  const { id, threadId, from, to, intent, body, createdAt } = message;
  const fields = { found: true, thread_id: threadId, message_id: id, from, to, intent, created_at: isoTime(createdAt) };
  if (json) {
    out.json({ ...fields, body });
    return;
  }
  for (const [name, value] of Object.entries(fields)) out.line(`${name}=${String(value)}`);
  out.line('---BODY---');
  out.line(body);
}
