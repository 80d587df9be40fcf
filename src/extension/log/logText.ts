import type { Run } from '../../protocol/gen/muster/v1/runs_pb.js';

/** More than this of a log is of no use in an editor; the rest is in the file. */
export const maximumLogBytes = 4 * 1024 * 1024;

/** The document of one run: a heading, what it wrote, its error output, how it ended. */
export function logText(run: Run, { stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  const lines = [
    `== run ${run.id} · ${run.agent} · ${[run.provider, run.model].filter(part => part !== '').join(' ')}`,
  ];
  if (run.startedAt > 0n) lines.push(`# started ${new Date(Number(run.startedAt)).toISOString()}`);
  if (stdout.length >= maximumLogBytes) lines.push('# Only the end of a longer log.');
  lines.push(stdout.trimEnd());
  if (stderr.trim() !== '') lines.push('', '== error output', stderr.trimEnd());
  if (run.endedAt > 0n) {
    const how = [run.status, run.exitCode === undefined ? '' : `exit ${run.exitCode}`, run.signal];
    lines.push('', `== end ${how.filter(part => part !== '').join(' · ')}`);
    lines.push(`# ended ${new Date(Number(run.endedAt)).toISOString()}`);
    if (run.error) lines.push(`# error ${run.error.code}: ${run.error.message}`);
  }
  return `${lines.join('\n')}\n`;
}
