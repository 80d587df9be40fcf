import { ownValue } from '../../base/ownValue.js';
import { threadGroupWords, threadStatusWords } from '../threadDisplay.js';

/**
 * Every text that the webviews show, in English. The extension sends the translated table in the first message;
 * `{0}`, `{1}` are filled in with {@link fill}.
 */
export const webviewStrings = {
  'group.needs_you': threadGroupWords.needs_you,
  'group.working': threadGroupWords.working,
  'group.ready': threadGroupWords.ready,
  'group.merging': threadGroupWords.merging,
  'group.done': threadGroupWords.done,
  'status.needs_you': threadStatusWords.needs_you,
  'status.failed': threadStatusWords.failed,
  'status.working': threadStatusWords.working,
  'status.queued': threadStatusWords.queued,
  'status.ready': threadStatusWords.ready,
  'status.merging': threadStatusWords.merging,
  'status.merged': threadStatusWords.merged,
  'status.closed': threadStatusWords.closed,
  'status.abandoned': threadStatusWords.abandoned,
  'queuedAs': 'queued, {0}',
  'you': 'you',
  'review': 'Review changes',
  'merge': 'Merge',
  'mergeSquash': 'Squash and merge',
  'mergeOptions': 'Merge options',
  'stop': 'Stop',
  'open': 'Open',
  'retry': 'Try again',
  'close': 'Close without merging',
  'abandon': 'Abandon…',
  'restore': 'Restore',
  'openWorktree': 'Open worktree in new window',
  'openTerminal': 'Open terminal in worktree',
  'rawLog': 'Raw log',
  'copyBranch': 'Copy branch name',
  'copyId': 'Copy thread id',
  'moreActions': 'More actions',
  'from': 'from',
  'tokens': '{0} tokens',
  'age': '{0} ago',
  'conversation': 'Conversation',
  'details': 'Details',
  'files': 'Files',
  'noFiles': 'No changes yet',
  'uncommitted': '{0} not committed yet',
  'openDiff': 'Open diff',
  'file.added': 'added',
  'file.modified': 'modified',
  'file.deleted': 'deleted',
  'file.renamed': 'renamed',
  'file.untracked': 'untracked',
  'file.type_changed': 'type changed',
  'binary': 'binary',
  'runs': 'Runs',
  'runNumber': 'Run {0}',
  'run.queued': 'queued',
  'run.starting': 'starting',
  'run.running': 'running',
  'run.waiting': 'waiting for you',
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.timed_out': 'timed out',
  'run.cancelled': 'stopped',
  'run.lost': 'lost',
  'openLogOfRun': 'Open raw log of run {0}',
  'merges': 'Merge',
  'mergeInto': 'into {0}',
  'merge.queued': 'queued',
  'merge.checking': 'checking',
  'merge.merging': 'merging',
  'merge.merged': 'merged',
  'merge.blocked': 'blocked',
  'merge.conflicted': 'conflicts',
  'merge.failed': 'failed',
  'merge.cancelled': 'cancelled',
  'thinking': 'Thinking',
  'otherOutput': 'Other output',
  'lines': '{0} lines',
  'oneLine': '1 line',
  'results': '{0} results',
  'oneResult': '1 result',
  'exitCode': 'exit {0}',
  'toolRunning': 'running',
  'toolFailed': 'failed',
  'noOutput': 'No output',
  'input': 'Input',
  'output': 'Output',
  'outputCut': 'Cut here. The raw log has all of it.',
  'agentWorking': '{0} is working',
  'agentStarting': '{0} is starting',
  'agentWaiting': '{0} waits for you',
  'agentQueued': '{0} is queued, {1}',
  'followUpWith': 'Follow up with {0}',
  'followUpAgent': 'Agent',
  'send': 'Send',
  'sending': 'Sending',
  'sendHint': '{0} to send',
  'handOver': 'Hand over to {0}',
  'jumpToLatest': 'Jump to latest',
  'newEntries': '{0} new',
  'loading': 'Loading thread',
  'emptyConversation': 'Nothing has been said yet.',
  'hostOffline': 'The Muster host is not running.',
  'hostOfflineHint': 'Agents that were running go on; what you see is the last known state.',
  'hostConnecting': 'Connecting to the Muster host…',
  'startHost': 'Start host',
  'loadFailed': 'This thread could not be loaded.',
  'transcriptFailed': 'The transcript could not be read.',
  'filesFailed': 'The list of files could not be read.',
  'actionFailed': 'That did not work.',
  'dismiss': 'Dismiss',
  'reload': 'Try again',
  'announceMessage': '{0} says: {1}',
  'announceRunEnd': '{0}: {1}',
  'showMore': 'Show {0} more',
  'board': 'Board',
  'boardLoading': 'Loading threads',
  'emptyBoard': 'No threads yet',
  'emptyBoardHint': 'Dispatch a task to an agent and follow it here.',
  'dispatch': 'Dispatch task',
  'emptyColumn': 'None',
  'agents': 'Agents',
  'agentLoad': '{0} of {1} running',
  'agentQueue': '{0} queued',
  'queue': 'Queue',
  'costToday': 'Today',
  'changedFiles': '{0} files',
  'oneFile': '1 file',
  'threadCount': '{0} threads',
  'openThread': 'Open {0}',
} as const satisfies Readonly<Record<string, string>>;

export type WebviewStringKey = keyof typeof webviewStrings;
export type WebviewStrings = Readonly<Record<WebviewStringKey, string>>;

/** The English table with what the extension translated put over it; unknown keys are dropped. */
export function withTranslations(translated: Readonly<Record<string, string>>): WebviewStrings {
  const strings: Record<WebviewStringKey, string> = { ...webviewStrings };
  for (const key of Object.keys(webviewStrings)) {
    const text = ownValue(translated, key);
    if (text !== undefined && isStringKey(key)) strings[key] = text;
  }
  return strings;
}

/** Narrows a text to a key of the table. */
export function isStringKey(key: string): key is WebviewStringKey {
  return Object.hasOwn(webviewStrings, key);
}

/** Puts values in the place of `{0}`, `{1}`, … */
export function fill(template: string, ...values: readonly (string | number)[]): string {
  return template.replace(/\{(\d)\}/g, (whole, digit: string) => String(values[Number(digit)] ?? whole));
}
