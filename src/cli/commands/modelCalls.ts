import { formatCost, formatDuration, formatTokens } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { modelCallJson, spendJson } from '../output/modelsJson.js';
import { formatTable } from '../output/table.js';
import { oneLine } from '../output/terminalText.js';

export const modelCalls = defineCommand({
  name: 'models calls',
  summary: 'list the calls of models that went through the host, newest first',
  positionals: [{ name: 'thread', required: false }],
  details:
    'With a thread only its calls. A tilde stands before tokens that were estimated, because an answer broke off.',
  async run(context, args) {
    const { out, json, repeatable, signal } = context;
    const wanted = args.positionals[0];
    const threadId = wanted === undefined ? '' : (await getThread(context, wanted)).id;
    const { calls, spent } = await repeatable(client => client.models.listModelCalls({ threadId }, { signal }));
    if (json) {
      out.json({ calls: calls.map(modelCallJson), spent: spendJson(spent) });
      return 0;
    }
    if (calls.length === 0) out.line('No calls.');
    const rows = calls.map(call => [
      { text: call.runId === '' ? 'you' : oneLine(call.agent), paint: out.style.accent },
      { text: oneLine(call.model) },
      { text: oneLine(call.upstream) },
      { text: call.status === undefined ? 'at work' : call.status === 0 ? 'no answer' : String(call.status) },
      { text: call.totalMs === undefined ? '' : formatDuration(call.totalMs), align: 'right' as const },
      {
        text: `${call.estimated ? '~' : ''}${formatTokens(Number(call.inputTokens + call.cacheReadTokens + call.cacheWriteTokens + call.outputTokens))}`,
        align: 'right' as const,
      },
      { text: formatCost(call.costUsd), align: 'right' as const },
    ]);
    for (const line of formatTable(rows)) out.line(line);
    return 0;
  },
});
