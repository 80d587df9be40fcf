import { formatAge } from '../../protocol/displayFormat.js';
import type { TopicEvent } from '../../protocol/gen/muster/v1/topics_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { readPrompt } from '../options/prompt.js';
import { readCount } from '../options/readCount.js';
import { eventJson } from '../output/eventJson.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';

export const events = defineCommand({
  name: 'events',
  summary: 'list published events and what came of them',
  positionals: [],
  options: {
    topic: { type: 'string', value: 'TOPIC', text: 'only of this topic; a * at its end stands for any end' },
    correlation: { type: 'string', value: 'ID', text: 'only what one event led to' },
    source: { type: 'string', value: 'WHO', text: 'only from muster, webhook, script, person or run' },
    after: { type: 'string', value: 'SEQUENCE', text: 'only later ones, the oldest first' },
    limit: { type: 'string', value: 'N', text: 'at most so many; without it 100' },
    follow: { type: 'boolean', text: 'go on with what is published from now on' },
  },
  details: '`--json --follow` prints one line of JSON for each event.',
  async run(context, args) {
    const { out, json, signal, repeatable } = context;
    const filter = { topic: args.text('topic') ?? '', correlationId: args.text('correlation') ?? '' };
    const after = BigInt(readCount(args.text('after'), '--after') ?? 0);
    if (args.flag('follow')) return await follow(context, { ...filter, afterSequence: after });
    const limit = readCount(args.text('limit'), '--limit') ?? 0;
    const request = { ...filter, source: args.text('source') ?? '', afterSequence: after, limit, summary: !json };
    const { events: found } = await repeatable(client => client.topics.listTopicEvents(request, { signal }));
    if (json) {
      out.json({ events: found.map(eventJson) });
      return 0;
    }
    if (found.length === 0) out.note('Nothing was published.');
    else printRows(out, [['SEQUENCE', 'WHEN', 'TOPIC', 'FROM', 'STATE', 'LED TO', 'EVENT'], ...found.map(row)]);
    return 0;
  },
});

async function follow(
  context: CommandContext,
  request: { readonly topic: string; readonly correlationId: string; readonly afterSequence: bigint },
): Promise<number> {
  const { out, json, signal, connect } = context;
  const client = await connect();
  for await (const { event } of client.topics.followTopicEvents(request, { signal })) {
    if (!event) continue;
    if (json) out.jsonLine(eventJson(event));
    else out.line(`${event.sequence}  ${oneLine(event.topic)}  ${event.source}  ${event.id}`);
  }
  return 0;
}

function row(event: TopicEvent): readonly string[] {
  const ledTo = event.deliveries.map(({ agent, threadId, state }) => oneLine(`${agent} ${threadId || state}`));
  const age = formatAge(Number(event.createdAt), Date.now());
  return [String(event.sequence), age, oneLine(event.topic), event.source, event.state, ledTo.join(', '), event.id];
}

export const eventPublish = defineCommand({
  name: 'event publish',
  summary: 'publish an event, which may start runs',
  positionals: [
    { name: 'topic', required: true },
    { name: 'payload', required: false },
  ],
  options: {
    key: { type: 'string', value: 'KEY', text: 'publishing the same topic and key again is no second event' },
    correlation: { type: 'string', value: 'ID', text: 'what it belongs to' },
    parent: { type: 'string', value: 'EVENT', text: 'the event that led to it' },
  },
  details: 'The payload is JSON: words of the command line, or `-` for standard input; without one it is `{}`.',
  async run(context, args) {
    const { out, json, signal, connect } = context;
    const words = args.positionals.slice(1);
    const payload = words.length === 0 ? '' : await readPrompt({ words, file: undefined }, context);
    const { topics } = await connect();
    const { event, isNew } = await topics.publishEvent(
      {
        topic: args.required(0),
        payload,
        correlationId: args.text('correlation') ?? '',
        parentId: args.text('parent') ?? '',
        idempotencyKey: args.text('key') ?? '',
      },
      { signal },
    );
    if (!event) throw new Error('The host answered without an event');
    if (json) out.json(eventJson(event));
    else out.line(event.id);
    if (!isNew) out.note('It had been published before.');
    else if (event.state === 'no_subscriber') out.note('No trigger listens to it.');
    return 0;
  },
});

export const eventInspect = defineCommand({
  name: 'event inspect',
  summary: 'show an event with its payload and what came of it',
  positionals: [{ name: 'event', required: true }],
  run: (context, args) =>
    show(context, client => client.topics.getTopicEvent({ id: args.required(0) }, { signal: context.signal })),
});

export const eventReplay = defineCommand({
  name: 'event replay',
  summary: 'try again what an event led to and what was given up',
  positionals: [{ name: 'event', required: true }],
  run: (context, args) =>
    show(context, client => client.topics.replayEvent({ id: args.required(0) }, { signal: context.signal })),
});

async function show(
  { repeatable, out }: CommandContext,
  call: Parameters<typeof repeatable<{ readonly event?: TopicEvent }>>[0],
): Promise<number> {
  const { event } = await repeatable(call);
  if (!event) throw new Error('The host answered without an event');
  out.json(eventJson(event));
  return 0;
}
