import { isAppError } from '../../base/errors.js';
import { defineCommand, type CommandContext } from '../command.js';
import { printThreadGroups } from '../output/threadList.js';
import { formatTable } from '../output/table.js';
import { threadJson } from '../output/wireJson.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { readThreads } from './ps.js';

const useful = [
  ['muster up', 'apply the agent-compose.yml of this folder'],
  ['muster dispatch <agent> <task>', 'give an agent a task'],
  ['muster ps', 'see what every thread does'],
] as const;

/** `muster` alone. */
export const overview = defineCommand({
  name: '',
  summary: 'what is useful, and what needs you',
  async run(context) {
    const threads = await readNeeding(context);
    const { out, json } = context;
    if (json) {
      out.json({ needs_you: threads.map(threadJson) });
      return 0;
    }
    const rows = useful.map(([command, text]) => [{ text: `  ${command}`, paint: out.style.accent }, { text }]);
    for (const line of formatTable(rows)) out.line(line);
    out.line();
    if (threads.length > 0) printThreadGroups(out, threads, { now: Date.now(), projects: true });
    else out.line('Nothing needs you. `muster help` lists every command.');
    return 0;
  },
});

/** Looking must not start a host. */
async function readNeeding({ connectRunning, signal }: CommandContext): Promise<readonly Thread[]> {
  try {
    const client = await connectRunning();
    return await readThreads(client, {
      signal,
      project: '',
      agent: '',
      statuses: ['needs_you', 'failed'],
      doneLimit: 0,
    });
  } catch (error) {
    if (isAppError(error, 'host.unreachable')) return [];
    throw error;
  }
}
