import { formatCost, formatTokens } from '../../protocol/displayFormat.js';
import { defineCommand } from '../command.js';
import { formatTable } from '../output/table.js';
import { oneLine } from '../output/terminalText.js';
import { spendJson } from '../output/modelsJson.js';

export const models = defineCommand({
  name: 'models',
  summary: 'list the providers of models that the host can call, and what was spent today',
  details: 'Keys are never shown, only where they come from. Settings are in models.json; see docs/models.md.',
  async run({ out, json, repeatable, signal }) {
    const found = await repeatable(client => client.models.listUpstreams({}, { signal }));
    if (json) {
      out.json({
        upstreams: found.upstreams.map(({ name, protocols, endpoint, keySource }) => ({
          name,
          protocols,
          endpoint,
          key_source: keySource === '' ? null : keySource,
        })),
        today: spendJson(found.today),
        settings_file: found.settingsFile,
      });
      return 0;
    }
    const rows = found.upstreams.map(({ name, protocols, endpoint, keySource }) => [
      { text: oneLine(name), paint: out.style.accent },
      { text: protocols.join(', ') },
      { text: oneLine(endpoint) },
      { text: keySource === '' ? 'no key' : `key: ${oneLine(keySource)}` },
    ]);
    for (const line of formatTable(rows)) out.line(line);
    const { calls = 0n, costUsd = 0, inputTokens = 0n, outputTokens = 0n } = found.today ?? {};
    const cap = found.usdPerDay > 0 ? ` of $${found.usdPerDay}` : '';
    const tokens = formatTokens(Number(inputTokens + outputTokens));
    out.line();
    out.line(
      `Today: ${calls} calls, ${formatCost(costUsd) || '$0.00'}${cap}${tokens === '' ? '' : `, ${tokens} tokens`}`,
    );
    return 0;
  },
});
