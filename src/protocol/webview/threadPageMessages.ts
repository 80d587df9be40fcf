import * as z from 'zod/mini';
import { modeChanges } from './modeChange.js';
import { threadActions } from './threadActions.js';
import { agentViewSchema, mergeViewSchema, messageViewSchema, runViewSchema, threadViewSchema } from './threadView.js';
import { transcriptEntrySchema } from './transcriptView.js';

/** The two directions of the thread page. Whoever receives one parses it first and drops what does not fit. */

export const connectionSchema = z.enum(['connecting', 'online', 'offline']);
export type ConnectionView = z.infer<typeof connectionSchema>;

export const changedFileSchema = z.object({
  path: z.string(),
  oldPath: z.string(),
  /** added, modified, deleted, renamed, untracked, type_changed */
  status: z.string(),
  binary: z.boolean(),
  additions: z.int(),
  deletions: z.int(),
  /** What the file may do has changed, too; absent when it has not. */
  mode: z.optional(z.enum(modeChanges)),
});
export type ChangedFileView = z.infer<typeof changedFileSchema>;

/** Extension to page. */
export const toThreadPageSchema = z.discriminatedUnion('type', [
  /** First answer to `ready`. `strings` are the translated texts by key. */
  z.object({ type: z.literal('init'), threadId: z.string(), strings: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('connection'), state: connectionSchema }),
  /** The thread's live state; sent again whenever it changes. */
  z.object({ type: z.literal('thread'), thread: threadViewSchema, agents: z.array(agentViewSchema) }),
  /** All messages, runs and merges; replaces what was there. */
  z.object({
    type: z.literal('conversation'),
    messages: z.array(messageViewSchema),
    runs: z.array(runViewSchema),
    merges: z.array(mergeViewSchema),
  }),
  /** Appended to the run's transcript. */
  z.object({ type: z.literal('transcript'), runId: z.string(), entries: z.array(transcriptEntrySchema) }),
  /** Everything that existed when the page opened has been sent. */
  z.object({ type: z.literal('caughtUp') }),
  z.object({ type: z.literal('files'), files: z.array(changedFileSchema), uncommitted: z.int() }),
  z.object({ type: z.literal('failed'), what: z.enum(['load', 'files', 'transcript', 'action']), message: z.string() }),
  z.object({ type: z.literal('followUpDone'), key: z.string(), error: z.optional(z.string()) }),
  z.object({ type: z.literal('focusFollowUp') }),
  /** What was typed and not sent when an earlier window ended, however it did. */
  z.object({ type: z.literal('draft'), text: z.string() }),
  /** Opens the box of *Find*. */
  z.object({ type: z.literal('find') }),
]);
export type ToThreadPage = z.infer<typeof toThreadPageSchema>;

/** Page to extension. */
export const fromThreadPageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('act'), action: z.enum(threadActions) }),
  /** `key` is the same when a person sends the same text again after an error. */
  z.object({
    type: z.literal('followUp'),
    text: z.string().check(z.minLength(1), z.maxLength(1_000_000)),
    agent: z.string().check(z.minLength(1), z.maxLength(200)),
    key: z.string().check(z.minLength(8), z.maxLength(100)),
  }),
  /** As an agent wrote it: relative to the worktree or absolute. Line is 1-based. */
  z.object({
    type: z.literal('openFile'),
    path: z.string().check(z.minLength(1), z.maxLength(4_096)),
    line: z.optional(z.int().check(z.positive())),
  }),
  z.object({ type: z.literal('openDiff'), path: z.string().check(z.minLength(1), z.maxLength(4_096)) }),
  z.object({ type: z.literal('openLink'), url: z.string().check(z.maxLength(8_192)) }),
  z.object({ type: z.literal('openRunLog'), runId: z.string().check(z.maxLength(200)) }),
  z.object({ type: z.literal('draft'), text: z.string().check(z.maxLength(1_000_000)) }),
  z.object({ type: z.literal('reload') }),
  z.object({ type: z.literal('startHost') }),
]);
export type FromThreadPage = z.infer<typeof fromThreadPageSchema>;
