import { formatCost, formatLineChanges } from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { testsOutcome } from '../../protocol/webview/testRunText.js';
import { webviewStrings } from '../../protocol/webview/webviewStrings.js';
import { defineCommand } from '../command.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { describeState } from '../output/threadList.js';
import { threadJson } from '../output/wireJson.js';

export const batchStatus = defineCommand({
  name: 'batch status',
  summary: 'show the threads of a batch',
  positionals: [{ name: 'name', required: true }],
  async run({ repeatable, out, json, signal }, args) {
    const batch = args.required(0);
    const { threads } = await repeatable(client => client.threads.getBatch({ batch }, { signal }));
    if (json) out.json({ batch, threads: threads.map(threadJson) });
    else
      printRows(
        out,
        threads.map(thread => [
          thread.id,
          oneLine(thread.agent),
          describeState(thread),
          ...worth(thread),
          oneLine(thread.summary),
        ]),
      );
    return 0;
  },
});

/** What attempts at the same task are told apart by. */
function worth({ additions, deletions, costUsd, model, latestRun }: Thread): readonly string[] {
  const tests = testsOutcome(latestRun?.tests ?? []);
  const words = tests === undefined ? '' : webviewStrings[`tests.${tests}`];
  return [oneLine(model), formatLineChanges(additions, deletions), words, formatCost(costUsd)];
}
