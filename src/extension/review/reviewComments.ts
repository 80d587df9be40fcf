import * as vscode from 'vscode';
import { anchorAt, locateAnchor, placeOfGone, type LineRange } from '../../base/textAnchor.js';
import type { Comment } from '../../protocol/gen/muster/v1/reviews_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { BegunComments } from './begunComments.js';
import { PlainComments, type CommentToShow, type DiscussionToShow, type ShownComment } from '../plain/comments.js';
import { baseUri, currentUri } from './reviewSides.js';
import { threadOfTab } from './reviewTabs.js';
import { reviewFileOf, reviewScheme, type ReviewFile } from './reviewUris.js';
import type { Reviews } from './reviews.js';
import { windowClosing } from '../windowClosing.js';

/** The comment controller of reviews, as VS Code and the menus' `when` clauses name it. */
const reviewController = 'muster.review';
/** Typing settles before comments look for their lines again. */
const settleMs = 300;

/** What is known of a thread's comments. */
interface Loaded {
  readonly comments: readonly Comment[];
  /** What of the thread may change them: a reading of another is out of date. */
  readonly version: string;
}

/** What people and reviewers said about lines, in every document of a review that this window shows. */
export class ReviewComments implements vscode.Disposable {
  readonly #host: HostConnection;
  readonly #reviews: Pick<Reviews, 'baseOf'>;
  readonly #shown: PlainComments;
  readonly #threads = new Map<string, Loaded>();
  /** Which thread each discussion belongs to. */
  readonly #owners = new Map<string, string>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #subscriptions: readonly vscode.Disposable[];
  readonly #begun: BegunComments;
  #settling: NodeJS.Timeout | undefined;

  constructor(host: HostConnection, reviews: Pick<Reviews, 'baseOf'>, memento: vscode.Memento) {
    this.#begun = new BegunComments(reviewController, memento);
    this.#host = host;
    this.#reviews = reviews;
    this.#shown = new PlainComments({
      id: reviewController,
      label: vscode.l10n.t('Muster Review'),
      prompt: vscode.l10n.t('Say what should be different'),
      placeHolder: vscode.l10n.t('The agent reads it when you request changes'),
      isCommentable: document => this.#isCommentable(document.uri),
    });
    const unsubscribe = host.onDidChange(({ threads }) => {
      for (const id of threads) if (this.#threads.has(id)) this.#refresh(id);
    });
    this.#subscriptions = [
      this.#shown,
      this.#begun,
      { dispose: () => void unsubscribe.dispose() },
      { dispose: () => clearTimeout(this.#settling) },
      vscode.workspace.onDidOpenTextDocument(({ uri }) => this.#opened(uri)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === reviewScheme) this.#placeSoon();
      }),
      vscode.window.tabGroups.onDidChangeTabs(() => this.#forgetClosed()),
    ];
    for (const { uri } of vscode.workspace.textDocuments) this.#opened(uri);
  }

  /** What is shown now. */
  get discussions(): readonly vscode.CommentThread[] {
    return this.#shown.threads;
  }

  /** The thread that a discussion is about, and its id; a discussion that was just begun has none yet. */
  discussionOf(thread: vscode.CommentThread): { readonly threadId: string; readonly id: string } | undefined {
    const id = this.#shown.keyOf(thread);
    const threadId = reviewFileOf(thread.uri)?.threadId;
    return id === undefined || threadId === undefined ? undefined : { threadId, id };
  }

  /** Keeps what a person wrote below a discussion or at a line as a draft. */
  async add({ thread, text }: vscode.CommentReply, signal: AbortSignal): Promise<void> {
    const file = reviewFileOf(thread.uri);
    if (!file) return;
    const { threadId } = file;
    const client = await this.#host.client(signal);
    const discussion = this.discussionOf(thread);
    if (discussion) {
      await client.reviews.addComment({ threadId, replyTo: discussion.id, text }, { signal });
    } else {
      const { comment } = await client.reviews.addComment(
        { threadId, text, ...(await placeOf(file, thread)) },
        { signal },
      );
      if (comment) this.#shown.adopt(comment.id, thread);
    }
    this.#begun.settled(text);
    await this.load(threadId, signal);
  }

  /** Lets the person write another text in a draft's place, or ends that. */
  setEditing(comment: ShownComment, editing: boolean): void {
    this.#shown.setEditing(comment, editing);
  }

  async save(comment: ShownComment, signal: AbortSignal): Promise<void> {
    const found = this.#find(comment.id);
    if (!found) return;
    const client = await this.#host.client(signal);
    const request = { threadId: found.threadId, commentId: found.id, text: comment.body };
    await client.reviews.editComment(request, { signal });
    this.#shown.edited(comment);
    await this.load(found.threadId, signal);
  }

  async remove(comment: ShownComment, signal: AbortSignal): Promise<void> {
    const found = this.#find(comment.id);
    if (!found) return;
    const client = await this.#host.client(signal);
    await client.reviews.deleteComment({ threadId: found.threadId, commentId: found.id }, { signal });
    await this.load(found.threadId, signal);
  }

  /** Puts what a comment suggests into the thread's file. */
  async applySuggestion(comment: ShownComment, signal: AbortSignal): Promise<void> {
    const found = this.#find(comment.id);
    if (!found) return;
    const client = await this.#host.client(signal);
    await client.reviews.applySuggestion({ threadId: found.threadId, commentId: found.id }, { signal });
    await this.load(found.threadId, signal);
  }

  async resolve(thread: vscode.CommentThread, resolved: boolean, signal: AbortSignal): Promise<void> {
    const discussion = this.discussionOf(thread);
    if (!discussion) return;
    const { threadId, id } = discussion;
    const client = await this.#host.client(signal);
    await client.reviews.resolveComment({ threadId, commentId: id, reopen: !resolved }, { signal });
    await this.load(threadId, signal);
  }

  /** Reads the comments of a thread anew and shows them. */
  async load(threadId: string, signal: AbortSignal): Promise<void> {
    const thread = this.#host.thread(threadId);
    const client = await this.#host.client(signal);
    const { comments } = await client.reviews.listComments({ threadId }, { signal });
    this.#threads.set(threadId, { comments, version: versionOf(thread) });
    this.#place(threadId);
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
  }

  #find(id: string): Comment | undefined {
    return [...this.#threads.values()].flatMap(({ comments }) => comments).find(comment => comment.id === id);
  }

  #opened(uri: vscode.Uri): void {
    const file = reviewFileOf(uri);
    if (file === undefined) return;
    if (this.#threads.has(file.threadId)) this.#placeSoon();
    else this.#refresh(file.threadId);
  }

  /** Once at a time per thread; what changes meanwhile is seen by its version. */
  #refresh(threadId: string): void {
    const version = versionOf(this.#host.thread(threadId));
    if (this.#loading.has(threadId) || this.#threads.get(threadId)?.version === version) return;
    const loading = this.load(threadId, windowClosing)
      .then(
        () => true,
        () => false,
      )
      .then(loaded => {
        this.#loading.delete(threadId);
        if (loaded) this.#refresh(threadId);
      });
    this.#loading.set(threadId, loading);
  }

  #placeSoon(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      for (const threadId of this.#threads.keys()) this.#place(threadId);
    }, settleMs);
  }

  #place(threadId: string): void {
    const thread = this.#host.thread(threadId);
    const loaded = this.#threads.get(threadId);
    if (!thread || !loaded) return;
    const roots = loaded.comments.filter(({ replyTo }) => replyTo === '');
    for (const root of roots) {
      const said = [root, ...loaded.comments.filter(({ replyTo }) => replyTo === root.id)];
      this.#shown.show(root.id, this.#discussion(thread, said));
    }
    const gone = this.#shown.keys.filter(key => this.#belongsTo(key, threadId) && !roots.some(({ id }) => id === key));
    for (const key of gone) this.#shown.hide(key);
    for (const { id } of roots) this.#owners.set(id, threadId);
  }

  #belongsTo(key: string, threadId: string): boolean {
    return this.#owners.get(key) === threadId;
  }

  #discussion(thread: Thread, said: readonly Comment[]): DiscussionToShow {
    const [root] = said;
    if (!root) throw new Error('A discussion has a first comment.');
    const { path, onBase, anchor, startLine } = root;
    const uri = onBase ? baseUri({ thread, baseCommit: this.#reviews.baseOf(thread) }, path) : currentUri(thread, path);
    const { lines, outdated } = placeIn(uri, root);
    const isDraft = said.every(({ state }) => state === 'draft');
    const resolved = root.state === 'resolved';
    return {
      uri,
      lines,
      label:
        !outdated && lines
          ? placeText(isDraft, lines)
          : vscode.l10n.t('Outdated: was line {0}: {1}', startLine, anchor?.lines[0]?.trim() ?? ''),
      resolved,
      context: isDraft ? 'draft' : resolved ? 'resolved' : 'open',
      comments: said.map(comment => toShow(comment, root)),
    };
  }

  /** Lines of both sides; of an earlier state of the thread nothing is left that could be changed. */
  #isCommentable(uri: vscode.Uri): boolean {
    const file = reviewFileOf(uri);
    if (file === undefined) return false;
    this.#opened(uri);
    return file.side.kind === 'work' || file.side.of !== 'earlier';
  }

  /** Discussions are in the Comments view for as long as something of their review is open. */
  #forgetClosed(): void {
    const open = new Set(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(threadOfTab)));
    for (const threadId of [...this.#threads.keys()].filter(id => !open.has(id))) {
      this.#threads.delete(threadId);
      for (const key of this.#shown.keys.filter(each => this.#belongsTo(each, threadId))) {
        this.#shown.hide(key);
        this.#owners.delete(key);
      }
    }
  }
}

function placeText(isDraft: boolean, { start, end }: LineRange): string {
  const place = start === end ? vscode.l10n.t('Line {0}', start) : vscode.l10n.t('Lines {0} to {1}', start, end);
  return isDraft ? vscode.l10n.t('{0} (not sent yet: “Request Changes” sends it)', place) : place;
}

function versionOf(thread: Thread | undefined): string {
  if (!thread) return '';
  const { head, baseCommit, draftComments, openComments, updatedAt } = thread;
  return [head, baseCommit, draftComments, openComments, updatedAt].join(' ');
}

/** In a document that is open, where its text has the lines or what came in their place; else where the thread's commit has them. */
function placeIn(
  uri: vscode.Uri,
  { anchor, startLine, endLine, lineNow, endLineNow, outdated }: Comment,
): { readonly lines: LineRange | undefined; readonly outdated: boolean } {
  const document = vscode.workspace.textDocuments.find(each => each.uri.toString() === uri.toString());
  if (document && anchor) {
    const { lines, before, after } = anchor;
    const said = { start: startLine, end: endLine, lines, before, after };
    const found = locateAnchor(said, linesOf(document));
    return { lines: found ?? placeOfGone(said, linesOf(document)), outdated: found === undefined };
  }
  return { lines: lineNow === 0 ? undefined : { start: lineNow, end: endLineNow }, outdated };
}

async function placeOf({ path, side }: ReviewFile, thread: vscode.CommentThread) {
  const document = await vscode.workspace.openTextDocument(thread.uri);
  const range: LineRange = { start: (thread.range?.start.line ?? 0) + 1, end: (thread.range?.end.line ?? 0) + 1 };
  const { start, end, lines, before, after } = anchorAt(linesOf(document), range);
  return {
    path,
    onBase: side.kind === 'commit' && side.of === 'base',
    startLine: start,
    endLine: end,
    anchor: { lines: [...lines], before: [...before], after: [...after] },
  };
}

/** The lines of each document as they were last read: every comment of a file looks for its own among them. */
const readLines = new WeakMap<vscode.TextDocument, { readonly version: number; readonly lines: readonly string[] }>();

function linesOf(document: vscode.TextDocument): readonly string[] {
  const { version } = document;
  const known = readLines.get(document);
  if (known?.version === version) return known.lines;
  const lines = document.getText().split(/\r?\n/);
  readLines.set(document, { version, lines });
  return lines;
}

function toShow(comment: Comment, root: Comment): CommentToShow {
  const isOwn = comment.author === 'you';
  return {
    id: comment.id,
    author: isOwn ? vscode.l10n.t('You') : comment.author,
    isOwn,
    text: comment.text,
    label: [severityWord(comment), stateWord(comment, root)].filter(word => word !== '').join(' · '),
    context: [comment.state === 'draft' ? 'draft' : 'sent', ...(hasSuggestion(comment) ? ['suggestion'] : [])].join(
      ' ',
    ),
    at: new Date(Number(comment.createdAt)),
  };
}

function stateWord(comment: Comment, root: Comment): string {
  if (comment.state === 'draft') return vscode.l10n.t('Draft');
  if (comment !== root || root.state !== 'resolved') return '';
  return root.resolvedBy === 'you'
    ? vscode.l10n.t('resolved by you')
    : vscode.l10n.t('resolved by {0}', root.resolvedBy);
}

/** Code in a block marked `suggestion`, for lines that can be changed. */
function hasSuggestion({ text, onBase, outdated }: Comment): boolean {
  return !onBase && !outdated && /^(?:`{3,}|~{3,})suggestion/m.test(text);
}

function severityWord({ severity }: Comment): string {
  switch (severity) {
    case 'blocker':
      return vscode.l10n.t('Blocker');
    case 'major':
      return vscode.l10n.t('Major');
    case 'minor':
      return vscode.l10n.t('Minor');
    case 'note':
      return vscode.l10n.t('Note');
    default:
      return '';
  }
}
