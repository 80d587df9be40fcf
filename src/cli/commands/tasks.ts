import { formatAge, formatDuration } from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { threadStatusWords } from '../../protocol/threadDisplay.js';
import { defineCommand } from '../command.js';
import { readCount } from '../options/readCount.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';
import { runJson } from '../output/wireJson.js';
import { readThreads } from './ps.js';

const defaultLimit = 20;

export const tasks = defineCommand({
  name: 'tasks',
  summary: 'list the latest run of each thread, the newest first',
  options: {
    agent: { type: 'string', value: 'NAME', text: 'only runs of this agent' },
    batch: { type: 'string', value: 'NAME', text: 'only threads of this batch' },
    scheduled: { type: 'boolean', text: 'only what waits for its time' },
    limit: { type: 'string', short: 'n', value: 'N', text: `at most so many (default ${defaultLimit})` },
  },
  details: 'Over every project of the host.',
  async run({ out, json, repeatable, signal }, args) {
    const limit = readCount(args.text('limit'), '--limit') ?? defaultLimit;
    const agent = args.text('agent');
    const batch = args.text('batch');
    const threads = await repeatable(client =>
      readThreads(client, { signal, project: '', agent: '', statuses: Object.keys(threadStatusWords), doneLimit: 500 }),
    );
    const chosen = threads
      .filter(({ latestRun }) => latestRun !== undefined && (agent === undefined || latestRun.agent === agent))
      .filter(thread => batch === undefined || thread.batch === batch)
      .filter(({ latestRun }) => !args.flag('scheduled') || isScheduled(latestRun))
      .toSorted((a, b) => Number((b.latestRun?.queuedAt ?? 0n) - (a.latestRun?.queuedAt ?? 0n)))
      .slice(0, limit);
    if (json) out.json({ tasks: chosen.map(taskJson) });
    else if (chosen.length === 0) out.line('No tasks.');
    else printRows(out, [['THREAD', 'AGENT', 'RUN', 'QUEUED', 'TOOK', 'BATCH', 'TASK'], ...chosen.map(row)]);
    return 0;
  },
});

function isScheduled(run: Thread['latestRun']): boolean {
  return run?.status === 'queued' && run.dueReason === 'scheduled';
}

function taskJson(thread: Thread) {
  const { id, summary, batch, status, latestRun } = thread;
  return {
    thread_id: id,
    thread_status: status,
    summary,
    batch: batch === '' ? null : batch,
    run: latestRun ? runJson(latestRun) : null,
  };
}

function row({ id, summary, batch, latestRun: run }: Thread): readonly string[] {
  const now = Date.now();
  const took =
    run && run.startedAt > 0n ? (run.endedAt > 0n ? Number(run.endedAt) : now) - Number(run.startedAt) : undefined;
  return [
    id,
    oneLine(run?.agent ?? ''),
    run?.status ?? '',
    run ? formatAge(Number(run.queuedAt), now) : '',
    took === undefined ? '' : formatDuration(took),
    oneLine(batch),
    oneLine(summary),
  ];
}
