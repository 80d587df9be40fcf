import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { TextAnchor } from '../../base/textAnchor.js';
import type { PlacedComment } from '../../core/reviews/changeRequest.js';
import type { ReviewComment } from '../../core/reviews/comment.js';
import type { AllChanges } from '../../core/reviews/allChanges.js';
import type { ChangesService, ReviewedFile } from '../../core/reviews/changesService.js';
import type { CommentService } from '../../core/reviews/commentService.js';
import type { StagingService } from '../../core/reviews/stagingService.js';
import type { SuggestionService } from '../../core/reviews/suggestionService.js';
import type { RequestChanges } from '../../core/reviews/requestChanges.js';
import {
  CommentSchema,
  FileChangeSchema,
  type AddCommentRequest,
  type Comment as WireComment,
  type FileChange as WireFileChange,
  type ReviewService,
} from '../../protocol/gen/muster/v1/reviews_pb.js';
import { fail, given, requireCommit } from './requestFields.js';
import { wireChangedFile } from './wire.js';

/** More than an anchor ever keeps; what a client sends is not taken whole. */
const maxAnchorLines = 50;
const maxAnchorCharacters = 1_000;
/** Enough for a row. */
const maxFirstLine = 200;
/** More than a review shows at once. */
const maxHunks = 50_000;
const maxMessage = 10_000;

export interface ReviewsApiOptions {
  readonly comments: CommentService;
  readonly changes: Pick<ChangesService, 'list'>;
  readonly allChanges: AllChanges;
  readonly staging: StagingService;
  readonly suggestions: SuggestionService;
  readonly requestChanges: RequestChanges;
}

export function reviewsApi({
  comments,
  changes,
  allChanges,
  staging,
  suggestions,
  requestChanges,
}: ReviewsApiOptions): ServiceImpl<typeof ReviewService> {
  return {
    async listChanges({ threadId, earlierCommit, allRepositories }, { signal }) {
      const earlier = given(earlierCommit);
      if (earlier !== undefined) requireCommit(earlier, 'earlier_commit');
      const listed = allRepositories ? allChanges : changes;
      const { baseCommit, head, files } = await listed.list(threadId, { earlier, signal });
      return { baseCommit, head, files: files.map(wireFileChange) };
    },

    applySuggestion: async ({ threadId, commentId }, { signal }) => ({
      head: await suggestions.apply(threadId, commentId, signal),
    }),

    async takeBack({ threadId, hunks }, { signal }) {
      requireHunks(hunks);
      return { head: await allChanges.takeBack(threadId, hunks, signal) };
    },

    setReviewed({ threadId, hunks, reviewed }) {
      requireHunks(hunks);
      allChanges.setReviewed(threadId, hunks, reviewed);
      return {};
    },

    async stageChanges({ threadId, hunks }, { signal }) {
      requireHunks(hunks);
      await staging.stage(threadId, hunks, signal);
      return {};
    },

    unstageChanges({ threadId, hunks }) {
      requireHunks(hunks);
      staging.unstage(threadId, hunks);
      return {};
    },

    async commitStaged({ threadId, message }, { signal }) {
      if (message.trim() === '') throw fail('message', 'a commit says what it is');
      if (message.length > maxMessage) throw fail('message', `at most ${maxMessage} characters`);
      return await staging.commit(threadId, message, signal);
    },

    listComments: async ({ threadId }, { signal }) => ({
      comments: (await comments.list(threadId, signal)).map(wirePlacedComment),
    }),

    async addComment(request) {
      const { threadId, replyTo, text } = request;
      const comment =
        replyTo === ''
          ? await comments.add(threadId, targetOf(request), text)
          : comments.reply(threadId, replyTo, text);
      return { comment: wireComment(comment) };
    },

    editComment: ({ threadId, commentId, text }) => ({
      comment: wireComment(comments.edit(threadId, commentId, text)),
    }),

    deleteComment({ threadId, commentId }) {
      comments.remove(threadId, commentId);
      return {};
    },

    resolveComment: ({ threadId, commentId, reopen }) => ({
      comment: wireComment(comments.resolve(threadId, commentId, !reopen)),
    }),

    async requestChanges({ threadId, note, environment, idempotencyKey, again, agent }) {
      const { thread, run } = await requestChanges.send(threadId, {
        note,
        environment,
        again,
        agent: given(agent),
        idempotencyKey: given(idempotencyKey),
      });
      return { threadId: thread.id, messageId: run.messageId, runId: run.id, status: run.status };
    },
  };
}

function requireHunks(hunks: readonly string[]): void {
  if (hunks.length > maxHunks) throw fail('hunks', `at most ${maxHunks} at a time`);
  const wrong = hunks.find(hunk => !/^(?:[a-z][a-z0-9_-]*:)?[0-9a-f]{24}$/.test(hunk));
  if (wrong !== undefined) throw fail('hunks', JSON.stringify(wrong.slice(0, 60)));
}

function wireFileChange({ file, hunks }: ReviewedFile): WireFileChange {
  return create(FileChangeSchema, {
    file: wireChangedFile(file),
    hunks: hunks.map(({ key, oldStart, oldLines, newStart, newLines, reviewed, staged, lines }) => ({
      ...{ key, oldStart, oldLines, newStart, newLines, reviewed, staged },
      firstLine: (lines[0] ?? '').slice(0, maxFirstLine),
    })),
  });
}

function targetOf({ path, onBase, startLine, endLine, anchor }: AddCommentRequest) {
  if (path === '' || path.includes('\0') || path.includes('\n')) throw fail('path', JSON.stringify(path.slice(0, 200)));
  if (startLine < 1) throw fail('start_line', 'lines count from 1');
  const lines = { start: startLine, end: Math.max(startLine, endLine) };
  const side = onBase ? ('base' as const) : ('changed' as const);
  if (!anchor || anchor.lines.length === 0) return { path, side, lines };
  const shown: TextAnchor = {
    ...lines,
    lines: kept(anchor.lines),
    before: kept(anchor.before),
    after: kept(anchor.after),
  };
  return { path, side, lines, anchor: shown };
}

function kept(lines: readonly string[]): readonly string[] {
  return lines.slice(0, maxAnchorLines).map(line => line.slice(0, maxAnchorCharacters));
}

function wirePlacedComment({ comment, now, instead }: PlacedComment): WireComment {
  const place = now ?? instead;
  return create(CommentSchema, {
    ...wireComment(comment),
    lineNow: place?.start ?? 0,
    endLineNow: place?.end ?? 0,
    outdated: now === undefined,
  });
}

/** Just made, or changed in its words alone: where it is, the next list says. */
function wireComment(comment: ReviewComment): WireComment {
  const { place } = comment;
  const { start, end, lines, before, after } = place.anchor;
  return create(CommentSchema, {
    id: comment.id,
    threadId: comment.threadId,
    replyTo: comment.replyTo ?? '',
    path: place.path,
    onBase: place.side === 'base',
    commit: place.commit,
    startLine: start,
    endLine: end,
    anchor: { lines: [...lines], before: [...before], after: [...after] },
    lineNow: start,
    endLineNow: end,
    author: comment.author,
    text: comment.text,
    state: comment.state,
    severity: comment.severity ?? '',
    resolvedBy: comment.resolvedBy ?? '',
    createdAt: BigInt(comment.createdAt),
    updatedAt: BigInt(comment.updatedAt),
  });
}
