import type { RunId, ThreadId } from '../../base/ids.js';
import type { Verdict } from '../../base/verdict.js';

/** `blocker`: it must not go in so; `major`: it should not; `minor`: it may; `note`: only said. */
export type Severity = 'blocker' | 'major' | 'minor' | 'note';
export const severities: readonly Severity[] = ['blocker', 'major', 'minor', 'note'];

/** One thing that a reviewer found, at a place of the reviewed commit. */
export interface Finding {
  /** Relative to the workspace, `/`-separated; empty when it is about the whole. */
  readonly file: string;
  /** Counted from 1; missing when it is about the whole file. */
  readonly line?: number;
  readonly severity: Severity;
  readonly text: string;
}

/** What an agent said with the tool `verdict`: about one commit, by one run. A later one of the same run replaces it. */
export interface AgentVerdict {
  readonly runId: RunId;
  readonly threadId: ThreadId;
  readonly agent: string;
  readonly verdict: Verdict;
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** The commit that it is about; empty where the thread has none. */
  readonly commit: string;
  readonly at: number;
}

/** Port: what agents said with the tool. */
export interface VerdictStore {
  save(verdict: AgentVerdict): void;
  ofRun(run: RunId): AgentVerdict | undefined;
  /** Oldest first. */
  ofThread(thread: ThreadId): readonly AgentVerdict[];
}

/** What a transaction needs that touches verdicts. */
export interface VerdictStores {
  readonly verdicts: VerdictStore;
}

/** A verdict as text: what the author is told. */
export function verdictText({ summary, findings }: Pick<AgentVerdict, 'summary' | 'findings'>): string {
  const lines = findings.map(({ file, line, severity, text }) => {
    const place = [file, line].filter(part => part !== undefined && part !== '').join(':');
    return `- ${place === '' ? '' : `${place}: `}(${severity}) ${text}`;
  });
  return [summary, lines.join('\n')].filter(part => part !== '').join('\n\n');
}
