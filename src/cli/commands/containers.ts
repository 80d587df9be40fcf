import type { Sandbox } from '../../protocol/gen/muster/v1/sandboxes_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { sandboxJson } from '../output/sandboxJson.js';

export const sandboxStats = defineCommand({
  name: 'sandbox stats',
  summary: 'what the containers of agents use at the moment',
  positionals: [{ name: 'thread', required: false }],
  details: 'Processors, memory and processes of each container in which an agent or a person is at work.',
  async run(context, args) {
    const sandboxes = await listed(context, { thread: args.positionals[0] ?? '', usage: true });
    if (context.json) context.out.json({ sandboxes: sandboxes.map(sandboxJson) });
    else {
      const rows = sandboxes.map(sandbox => [
        sandbox.threadId,
        oneLine(sandbox.agent),
        sandbox.state,
        oneLine(sandbox.image),
        sandbox.usage ? `${(sandbox.usage.cpus * 100).toFixed(0)} %` : '',
        sandbox.usage
          ? `${mebibytes(sandbox.usage.memoryBytes)} of ${mebibytes(sandbox.usage.memoryLimitBytes)} MiB`
          : '',
        sandbox.usage ? String(sandbox.usage.processes) : '',
      ]);
      printRows(context.out, [['THREAD', 'AGENT', 'STATE', 'IMAGE', 'CPU', 'MEMORY', 'PROCESSES'], ...rows]);
      for (const { threadId, problem, progress } of sandboxes)
        for (const told of [firstSentence(problem), progress])
          if (told !== '') context.out.note(oneLine(`${threadId}: ${told}`));
    }
    return 0;
  },
});

/** `sandbox clean`: containers and home folders that nobody will use again. */
export const sandboxClean = defineCommand({
  name: 'sandbox clean',
  summary: 'remove the containers and home folders of agents whose thread is closed',
  options: {
    'dry-run': { type: 'boolean', text: 'only tell which' },
    'all': { type: 'boolean', text: 'of every thread on which nothing is at work' },
  },
  details:
    'Worktrees and their work are not touched. An agent whose thread goes on begins with an empty home folder, without its conversation.',
  async run(context, args) {
    if (args.positionals.length > 0) throw usageError('`sandbox clean` takes no thread; `muster rm` removes one.');
    const { repeatable, signal, out } = context;
    const sandboxes = await listed(context, { thread: '', usage: false });
    const done: Sandbox[] = [];
    for (const sandbox of sandboxes) {
      const { thread } = await repeatable(client =>
        client.threads.getThread({ threadId: sandbox.threadId }, { signal }),
      );
      const closed = thread === undefined || ['merged', 'closed', 'abandoned'].includes(thread.status);
      const idle = thread === undefined || !['queued', 'working', 'merging'].includes(thread.status);
      if (!(args.flag('all') ? idle : closed)) continue;
      if (!args.flag('dry-run')) {
        const client = await context.connect();
        await client.sandboxes.removeSandbox({ id: sandbox.id }, { signal });
      }
      done.push(sandbox);
    }
    if (context.json) out.json({ dry_run: args.flag('dry-run'), sandboxes: done.map(sandboxJson) });
    else {
      printRows(out, [
        ['THREAD', 'AGENT', 'IMAGE'],
        ...done.map(each => [each.threadId, oneLine(each.agent), oneLine(each.image)]),
      ]);
      out.note(args.flag('dry-run') ? 'Nothing was removed.' : `${done.length} removed.`);
    }
    return 0;
  },
});

/** Engines explain themselves in paragraphs; `--json` has all of it. */
function firstSentence(text: string): string {
  return oneLine(text.split(/\n|(?<=\.)\s/, 1)[0] ?? '');
}

async function listed(
  { repeatable, signal }: CommandContext,
  { thread, usage }: { readonly thread: string; readonly usage: boolean },
): Promise<readonly Sandbox[]> {
  const { sandboxes } = await repeatable(client =>
    client.sandboxes.listSandboxes({ threadId: thread, usage }, { signal }),
  );
  return sandboxes;
}

function mebibytes(bytes: bigint): string {
  return (Number(bytes) / 1024 ** 2).toFixed(0);
}
