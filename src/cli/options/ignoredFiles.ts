import { usageError } from './usageError.js';

/** Option of every command that removes a worktree. */
export const ignoredOption = {
  type: 'string',
  value: 'WHAT',
  text: 'what to do with more than 10 MB of changed ignored files: archive or discard (default: refuse)',
} as const;

/** What was said of large ignored files, as the host takes it. Throws `usage`. */
export function readIgnored(text: string | undefined): string {
  if (text === undefined || text === 'archive' || text === 'discard') return text ?? '';
  throw usageError(`--ignored takes archive or discard, not ${JSON.stringify(text)}.`);
}
