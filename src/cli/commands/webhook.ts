import { defineCommand } from '../command.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { isoTime } from '../output/wireText.js';

export const webhookSources = defineCommand({
  name: 'webhook source ls',
  summary: 'list who may publish events from outside',
  positionals: [],
  options: {},
  async run({ repeatable, out, json, signal }) {
    const { sources } = await repeatable(client => client.topics.listWebhookSources({}, { signal }));
    if (json) {
      out.json({
        sources: sources.map(({ id, topic, provider, createdAt }) => ({
          id,
          topic,
          provider,
          created_at: isoTime(createdAt),
        })),
      });
      return 0;
    }
    if (sources.length === 0)
      out.note('Nobody may. `muster webhook source add webhook.github --provider github_sha256` changes that.');
    else
      printRows(out, [
        ['TOPIC', 'PROVIDER', 'ID'],
        ...sources.map(({ topic, provider, id }) => [oneLine(topic), provider, id]),
      ]);
    return 0;
  },
});

export const webhookSourceAdd = defineCommand({
  name: 'webhook source add',
  summary: 'let somebody publish events from outside, and print their secret',
  positionals: [{ name: 'topic', required: true }],
  options: { provider: { type: 'string', value: 'HOW', text: 'token, or github_sha256; without it token' } },
  details:
    'The topic is below webhook. and may end with *. The secret is shown once: the sender gives it as a bearer token or X-WEBHOOK-TOKEN, or signs with it as GitHub does. The host must listen: `muster daemon --listen`.',
  async run(context, args) {
    const { topics } = await context.connect();
    const request = { topic: args.required(0), provider: args.text('provider') ?? 'token' };
    const { source, secret } = await topics.addWebhookSource(request, { signal: context.signal });
    if (context.json) context.out.json({ id: source?.id, topic: source?.topic, provider: source?.provider, secret });
    else context.out.line(secret);
    return 0;
  },
});

export const webhookSourceRemove = defineCommand({
  name: 'webhook source rm',
  summary: 'let a source publish no longer',
  positionals: [{ name: 'topic', required: true }],
  options: {},
  async run(context, args) {
    const { topics } = await context.connect();
    await topics.removeWebhookSource({ topic: args.required(0) }, { signal: context.signal });
    return 0;
  },
});
