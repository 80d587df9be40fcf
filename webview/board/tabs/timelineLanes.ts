import type { TimelineRun } from '../../../src/protocol/webview/boardTabs/timelineTab.js';

/** A run as a piece of its lane, in parts of the time shown: 0 is its beginning, 1 now. */
export interface TimelineBar {
  readonly run: TimelineRun;
  readonly start: number;
  readonly end: number;
  /** Runs at the same time lie below each other. */
  readonly row: number;
}

/** The runs of one agent. */
export interface TimelineLane {
  readonly name: string;
  readonly bars: readonly TimelineBar[];
  readonly rows: number;
}

/** Runs as bars, a lane for each agent, in the order in which agents first worked in the time from `from` to `now`. */
export function timelineLanes(
  runs: readonly TimelineRun[],
  { from, now }: { readonly from: number; readonly now: number },
): readonly TimelineLane[] {
  const several = new Set(runs.map(({ projectName }) => projectName)).size > 1;
  const shown = runs.filter(run => beginning(run) < now && (run.endedAt ?? now) >= from);
  const lanes = Map.groupBy(shown, run => (several ? `${run.projectName}/${run.agent}` : run.agent));
  return [...lanes].map(([name, own]) => {
    /** When each row is free again. */
    const free: number[] = [];
    const bars = own
      .toSorted((a, b) => beginning(a) - beginning(b))
      .map(run => {
        const start = Math.max(from, beginning(run));
        const end = Math.min(now, run.endedAt ?? now);
        const found = free.findIndex(at => at <= start);
        const at = found < 0 ? free.length : found;
        free[at] = end;
        const part = (time: number): number => (time - from) / (now - from);
        return { run, start: part(start), end: part(Math.max(start, end)), row: at };
      });
    return { name, bars, rows: free.length };
  });
}

/** A run that waits is drawn from when it was queued; one that never started has only that. */
function beginning(run: TimelineRun): number {
  return run.startedAt ?? run.queuedAt;
}

/** Moments for the axis: round ones, at most eight. */
export function timelineTicks({ from, now }: { readonly from: number; readonly now: number }): readonly number[] {
  const minute = 60_000;
  const steps = [10 * minute, 60 * minute, 4 * 60 * minute, 24 * 60 * minute];
  const step = steps.find(each => (now - from) / each <= 8) ?? 24 * 60 * minute;
  const offset = new Date(now).getTimezoneOffset() * minute;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const ticks: number[] = [];
  for (let at = first; at < now; at += step) ticks.push(at);
  return ticks;
}
