import { defineCommand } from '../command.js';
import { getThread } from '../lookup/threadLookup.js';
import { oneLine, printable } from '../output/terminalText.js';
import { checkJson } from '../output/wireJson.js';

export const queueChecks = defineCommand({
  name: 'queue checks',
  summary: 'show what the verify commands of a thread’s last merge came to',
  positionals: [{ name: 'thread', required: true }],
  details: 'Exit status: 0 when all of them succeeded in the end, 1 otherwise.',
  async run(context, args) {
    const { out, json, signal } = context;
    const thread = await getThread(context, args.required(0));
    const mergeId = thread.latestMerge?.id ?? '';
    const checks =
      mergeId === ''
        ? []
        : (await context.repeatable(client => client.merges.listMergeChecks({ mergeId }, { signal }))).checks;
    const red = checks.some(({ attempt, exitCode }) => attempt === checks.at(-1)?.attempt && exitCode !== 0);
    if (json) {
      out.json({ checks: checks.map(checkJson) });
      return red ? 1 : 0;
    }
    if (checks.length === 0) out.line('No command was run for a merge of this thread.');
    for (const { command, attempt, exitCode, signal: killed, output, endedAt } of checks) {
      const end = endedAt === 0n ? 'running' : exitCode === undefined ? killed || 'not run' : `status ${exitCode}`;
      const paint = exitCode === 0 ? out.style.good : out.style.attention;
      out.line(`${paint(end)}  ${oneLine(command)}${attempt > 1 ? '  (once more)' : ''}`);
      const said = printable(output).trimEnd();
      if (said !== '') for (const line of said.split('\n')) out.line(`  ${line}`);
    }
    return red ? 1 : 0;
  },
});
