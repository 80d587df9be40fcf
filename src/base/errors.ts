/**
 * Every error that crosses a function border has a code and typed data, and is recognised by its code alone:
 * `instanceof` is false across bundles, and messages are for people.
 *
 * Add a code: one line here, its words in `src/cli/output/errorText.ts` if the message alone does not say what to do.
 */
export interface ErrorData {
  'access.scope': { readonly needed: string; readonly held: string };
  'access.token': { readonly given: boolean };
  'agent.unknown': { readonly agent: string; readonly known: readonly string[] };
  'cancelled': Record<never, never>;
  'compose.invalid': { readonly file: string; readonly problems: readonly string[] };
  'compose.unreadable': { readonly file: string; readonly reason: string };
  'consent.required': {
    readonly project: string;
    readonly reasons: readonly string[];
    /** How many of the reasons, the first ones, are new or another since a person last agreed. */
    readonly changed: number;
    readonly specHash: string;
  };
  'event.mismatch': { readonly topic: string; readonly event: string };
  'feature.unsupported': { readonly feature: string; readonly reason: string };
  'git.busy': { readonly repository: string; readonly holder: string };
  'git.failed': { readonly command: string; readonly exitCode: number | undefined; readonly stderr: string };
  'git.missing': Record<never, never>;
  'git.noBase': { readonly repository: string; readonly base: string };
  'git.conflict': { readonly files: readonly string[] };
  'git.emptyRepository': { readonly repository: string };
  'git.notRepository': { readonly folder: string };
  'git.silent': { readonly command: string; readonly seconds: number; readonly where: string };
  'git.tooOld': { readonly found: string; readonly needed: string };
  'host.elsewhere': { readonly host: string };
  'host.locked': { readonly stateDir: string };
  'host.unreachable': { readonly socket: string; readonly reason: string; readonly timedOut?: true };
  'internal': { readonly detail: string };
  'push.failed': { readonly remote: string; readonly reason: string };
  'login.paused': { readonly seconds: number };
  'login.refused': Record<never, never>;
  'login.unknown': { readonly user: string };
  'merge.byHand': { readonly thread: string; readonly target: string };
  'merge.refused': { readonly thread: string; readonly reason: string };
  'merge.unknown': { readonly merge: string };
  'payload.invalid': { readonly reason: string };
  'notebooks.failed': { readonly thread: string; readonly reason: string };
  'notebooks.missing': { readonly fix: string };
  'project.conflict': { readonly project: string; readonly expected: string; readonly found: string };
  'project.unknown': { readonly project: string };
  'model.failed': { readonly upstream: string; readonly status: number };
  'model.keyMissing': { readonly upstream: string; readonly variables: readonly string[] };
  'model.settings': { readonly file: string; readonly problem: string };
  'model.refused': { readonly reason: string };
  'model.upstreamUnknown': { readonly upstream: string; readonly known: readonly string[] };
  'image.failed': { readonly image: string; readonly reason: string };
  'image.unknown': { readonly image: string };
  'volume.failed': { readonly volume: string; readonly reason: string };
  'volume.unknown': { readonly volume: string };
  'prompt.invalid': { readonly reason: string };
  'provider.missing': { readonly provider: string; readonly command: string; readonly fix: string };
  'provider.unknown': { readonly provider: string; readonly known: readonly string[] };
  'question.closed': { readonly question: string };
  'question.unknown': { readonly question: string };
  'queue.full': { readonly limit: number };
  'request.invalid': { readonly field: string; readonly reason: string };
  'rescue.unknown': { readonly rescue: string };
  'review.outdated': { readonly thread: string; readonly files: readonly string[] };
  'review.staged': { readonly thread: string; readonly staged: number };
  'run.notAllowed': { readonly run: string; readonly action: string };
  'run.notStarted': { readonly run: string; readonly reason: string };
  'run.unknown': { readonly run: string };
  'run.unstoppable': { readonly run: string; readonly pids: readonly number[] };
  'sandbox.unknown': { readonly sandbox: string };
  'sandbox.unavailable': { readonly driver: string; readonly reason: string };
  'service.failed': { readonly command: string; readonly reason: string };
  'session.unknown': { readonly session: string };
  'state.newer': { readonly file: string; readonly found: number; readonly supported: number };
  'state.networkFileSystem': { readonly stateDir: string };
  'state.unwritable': { readonly path: string; readonly reason: string };
  'thread.ambiguous': { readonly prefix: string; readonly matches: readonly string[] };
  'thread.busy': { readonly thread: string; readonly status: string };
  'thread.closed': { readonly thread: string; readonly status: string };
  'thread.merged': { readonly thread: string; readonly target: string };
  'thread.unknown': { readonly thread: string };
  'token.unknown': { readonly token: string };
  'topic.invalid': { readonly reason: string };
  'topicEvent.unknown': { readonly event: string };
  'scriptRun.unknown': { readonly run: string };
  'trigger.unknown': { readonly agent: string; readonly known: readonly string[] };
  'usage': { readonly reason: string; readonly words?: 'command' | 'argument' };
  'wait.timeout': { readonly thread: string; readonly seconds: number };
  'workspace.setup': { readonly thread: string; readonly command: string; readonly exitCode?: number };
  'workspace.untrusted': Record<never, never>;
  'webhook.unknown': { readonly topic: string };
  'worktree.failed': { readonly path: string; readonly reason: string };
  'worktree.ignoredTooLarge': { readonly path: string; readonly limitBytes: number; readonly files: readonly string[] };
  'worktree.missing': { readonly path: string };
  'worktree.unfinished': { readonly path: string; readonly operation: string; readonly files: readonly string[] };
  'worktree.replaced': { readonly path: string; readonly what: string };
}

/** A code of {@link ErrorData}. */
export type ErrorCode = keyof ErrorData;

/** The one error class. `message` is an English sentence: what was tried, what was found, what to do. */
export class AppError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'AppError';
  readonly code: C;
  readonly data: ErrorData[C];
  constructor(code: C, message: string, data: ErrorData[C], options?: { readonly cause?: unknown }) {
    super(message);
    if (options && 'cause' in options) this.cause = options.cause;
    this.code = code;
    this.data = data;
  }
}

/** True for an AppError with this code, whichever bundle threw it. */
export function isAppError<C extends ErrorCode>(error: unknown, code: C): error is AppError<C> {
  return error instanceof Error && error.name === 'AppError' && 'code' in error && error.code === code;
}

/** True for an AppError with any code. */
export function isAnyAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error && 'data' in error;
}

/** The text of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
