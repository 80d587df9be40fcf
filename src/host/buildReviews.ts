import { createHash } from 'node:crypto';
import type { DisposableStore } from '../base/lifecycle.js';
import { MergePusher } from '../core/merges/mergePusher.js';
import { PullRequestService } from '../core/merges/pullRequestService.js';
import { AllChanges } from '../core/reviews/allChanges.js';
import { ChangesService } from '../core/reviews/changesService.js';
import { CommentService } from '../core/reviews/commentService.js';
import { FindingComments } from '../core/reviews/findingComments.js';
import { RequestChanges } from '../core/reviews/requestChanges.js';
import { StagingService } from '../core/reviews/stagingService.js';
import { ReviewService } from '../core/reviews/reviewService.js';
import { SuggestionService } from '../core/reviews/suggestionService.js';
import type { DispatchService } from '../core/threads/dispatchService.js';
import type { ThreadSettler } from '../core/threads/threadSettler.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';
import type { GitCommand } from '../drivers/git/command/gitCommand.js';
import { createRemoteDriver } from '../drivers/git/repository/remotes.js';
import type { HostState } from './openState.js';

interface ReviewedThrough {
  readonly worktrees: WorktreeDriver;
  readonly git: GitCommand;
  readonly settler: ThreadSettler;
  readonly dispatcher: DispatchService;
}

/** What people see of a thread's changes, say about them and have done with them. */
export function buildReviews(
  { store, clock, ids, log, directory }: HostState,
  { worktrees, settler, dispatcher, git }: ReviewedThrough,
  resources: DisposableStore,
) {
  const common = { store, clock, ids, log };
  const reviews = new ReviewService({ ...common, settler, driver: worktrees, digest: sha256 });
  const decode = (content: Uint8Array): string => new TextDecoder().decode(content);
  const findings = resources.add(new FindingComments({ ...common, driver: worktrees, decode }));
  const comments = new CommentService({ ...common, driver: worktrees, decode, findings });
  const changes = new ChangesService({
    settler,
    store,
    clock,
    driver: worktrees,
    digestText: text => sha256(Buffer.from(text)),
  });
  const staging = new StagingService({ store, clock, driver: worktrees, settler, changes });
  const suggestions = new SuggestionService({ store, clock, driver: worktrees, settler, comments, decode });
  const remotes = createRemoteDriver({ stateDir: directory.path, clock, log, git });
  const pullRequests = new PullRequestService({ store, settler, driver: remotes });
  const pusher = resources.add(new MergePusher({ store, clock, driver: remotes }));
  const requestChanges = new RequestChanges({ store, comments, dispatcher });
  const allChanges = new AllChanges({ store, changes });
  return { reviews, comments, changes, allChanges, staging, suggestions, requestChanges, pullRequests, pusher };
}

/** Hexadecimal. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
