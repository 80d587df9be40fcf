import { formatAge } from '../../protocol/displayFormat.js';
import type { Garbage } from '../../protocol/gen/muster/v1/host_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { formatTable } from '../output/table.js';

export const gc = defineCommand({
  name: 'gc',
  summary: 'remove what is older than the retention settings say',
  options: { 'dry-run': { type: 'boolean', text: 'only list it' } },
  details:
    'Files of runs after 30 days or above 5 GB, what was kept of removed worktrees and damaged databases after 90 days, fires, runs of scripts and calls of models after 400 days. Never anything of an open thread. The host does the same once a day.',
  async run(context, args) {
    const { connect, signal, out, json } = context;
    const client = await connect();
    const listed = (await client.host.collectGarbage({ dryRun: true }, { signal })).garbage;
    // Listed before it goes, and only what was listed goes.
    if (!json) list(context, listed);
    const dryRun = args.flag('dry-run');
    const keys = listed.map(({ key }) => key);
    const gone = dryRun || keys.length === 0 ? [] : (await client.host.collectGarbage({ keys }, { signal })).garbage;
    if (json) out.json({ dry_run: dryRun, garbage: (dryRun ? listed : gone).map(garbageShape) });
    else if (listed.length === 0) out.line('Nothing is older than it is kept.');
    else if (!dryRun) out.line(`Removed ${gone.length} of ${listed.length}: ${formatBytes(sum(gone))}.`);
    return gone.length === keys.length || dryRun ? 0 : 1;
  },
});

function list({ out }: CommandContext, garbage: readonly Garbage[]): void {
  const now = Date.now();
  const rows = garbage.map(({ kind, path, bytes, since }) => [
    { text: kind },
    { text: formatAge(Number(since), now) },
    { text: formatBytes(Number(bytes)) },
    { text: path },
  ]);
  for (const line of formatTable(rows)) out.line(line);
}

function garbageShape({ kind, path, bytes, since }: Garbage) {
  return { kind, path, bytes: Number(bytes), since: new Date(Number(since)).toISOString() };
}

function sum(garbage: readonly Garbage[]): number {
  return garbage.reduce((total, { bytes }) => total + Number(bytes), 0);
}

function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
