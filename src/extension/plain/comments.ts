/** The only file that makes comment threads: whatever people and agents wrote in them, it is plain. */
import * as vscode from 'vscode';
import { plainText, plainTitle } from './plainText.js';

/** One thing that was said. Commands of its menus get this object. */
export class ShownComment implements vscode.Comment {
  readonly id: string;
  /** The text as it was last saved. */
  readonly saved: string;
  readonly author: vscode.CommentAuthorInformation;
  readonly label?: string;
  readonly contextValue: string;
  readonly timestamp: Date;
  /** A text, never Markdown: nothing in it can be clicked. VS Code writes here what is typed while it is edited. */
  body: string;
  mode = vscode.CommentMode.Preview;

  constructor(comment: CommentToShow) {
    this.id = comment.id;
    // What the person wrote themselves comes back as they wrote it.
    this.saved = comment.isOwn ? comment.text : plainText(comment.text);
    this.body = this.saved;
    this.author = { name: plainText(comment.author) };
    this.contextValue = comment.context;
    this.timestamp = comment.at;
    if (comment.label !== '') this.label = plainText(comment.label);
  }
}

export interface CommentToShow {
  readonly id: string;
  readonly author: string;
  readonly isOwn: boolean;
  readonly text: string;
  /** A word behind the author; empty for none. */
  readonly label: string;
  /** What the menus' `when` clauses look for. */
  readonly context: string;
  readonly at: Date;
}

/** A discussion about lines of a document. */
export interface DiscussionToShow {
  readonly uri: vscode.Uri;
  /** 1-based, inclusive; missing: at the top of the document, because the lines are gone. */
  readonly lines: { readonly start: number; readonly end: number } | undefined;
  /** Above it; empty for none. */
  readonly label: string;
  readonly resolved: boolean;
  readonly context: string;
  readonly comments: readonly CommentToShow[];
}

export interface PlainCommentsOptions {
  readonly id: string;
  readonly label: string;
  readonly prompt: string;
  readonly placeHolder: string;
  /** Whether lines of a document may be commented. */
  readonly isCommentable: (document: vscode.TextDocument) => boolean;
}

/** Discussions in documents, each known by a key of its owner. */
export class PlainComments implements vscode.Disposable {
  readonly #controller: vscode.CommentController;
  readonly #threads = new Map<string, vscode.CommentThread>();
  readonly #shown = new Map<string, string>();

  constructor({ id, label, prompt, placeHolder, isCommentable }: PlainCommentsOptions) {
    this.#controller = vscode.comments.createCommentController(id, label);
    this.#controller.options = { prompt, placeHolder };
    this.#controller.commentingRangeProvider = {
      provideCommentingRanges: document =>
        isCommentable(document) ? [new vscode.Range(0, 0, Math.max(0, document.lineCount - 1), 0)] : [],
    };
  }

  get threads(): readonly vscode.CommentThread[] {
    return [...this.#threads.values()];
  }

  get keys(): readonly string[] {
    return [...this.#threads.keys()];
  }

  /** Shows a discussion, or what it has become. One that a person is editing is left alone until they are done. */
  show(key: string, discussion: DiscussionToShow): void {
    const { uri, lines, comments } = discussion;
    const looks = JSON.stringify({ ...discussion, uri: uri.toString() });
    const there = this.#threads.get(key);
    if (there && (this.#shown.get(key) === looks || isEdited(there))) return;
    this.#shown.set(key, looks);
    const range = lines && new vscode.Range(lines.start - 1, 0, lines.end - 1, 0);
    const shown = comments.map(comment => new ShownComment(comment));
    // A discussion cannot move to another document, and VS Code does not hear that it has lost its lines.
    const stays =
      there && there.uri.toString() === uri.toString() && (there.range === undefined) === (range === undefined);
    if (there && !stays) there.dispose();
    const thread = stays
      ? there
      : this.#controller.createCommentThread(uri, range ?? new vscode.Range(0, 0, 0, 0), shown);
    thread.comments = shown;
    thread.range = range;
    thread.label = discussion.label === '' ? undefined : plainTitle(discussion.label);
    thread.contextValue = discussion.context;
    thread.state = discussion.resolved ? vscode.CommentThreadState.Resolved : vscode.CommentThreadState.Unresolved;
    if (thread !== there) {
      thread.collapsibleState = discussion.resolved
        ? vscode.CommentThreadCollapsibleState.Collapsed
        : vscode.CommentThreadCollapsibleState.Expanded;
    }
    this.#threads.set(key, thread);
  }

  /** Takes over what a person has just begun, so that it does not blink. */
  adopt(key: string, thread: vscode.CommentThread): void {
    if (this.keyOf(thread) === undefined) this.#threads.set(key, thread);
  }

  hide(key: string): void {
    this.#threads.get(key)?.dispose();
    this.#threads.delete(key);
    this.#shown.delete(key);
  }

  /** The key of a discussion; undefined for one that was just begun and says nothing yet. */
  keyOf(thread: vscode.CommentThread): string | undefined {
    return [...this.#threads].find(([, each]) => each === thread)?.[0];
  }

  /** Lets a person edit a comment, or ends that without saving. */
  setEditing(comment: ShownComment, editing: boolean): void {
    const thread = [...this.#threads.values()].find(({ comments }) => comments.includes(comment));
    if (!thread) return;
    comment.mode = editing ? vscode.CommentMode.Editing : vscode.CommentMode.Preview;
    comment.body = editing ? comment.body : comment.saved;
    thread.comments = [...thread.comments];
  }

  /** The text was saved: what comes next may be shown. */
  edited(comment: ShownComment): void {
    comment.mode = vscode.CommentMode.Preview;
  }

  dispose(): void {
    this.#controller.dispose();
    this.#threads.clear();
  }
}

function isEdited(thread: vscode.CommentThread): boolean {
  return thread.comments.some(({ mode }) => mode === vscode.CommentMode.Editing);
}

/** What VS Code hands to the command of a button below a discussion. */
export function isCommentReply(value: unknown): value is vscode.CommentReply {
  return (
    typeof value === 'object' &&
    value !== null &&
    'text' in value &&
    typeof value.text === 'string' &&
    'thread' in value &&
    isCommentThread(value.thread)
  );
}

/** What VS Code hands to the command of a button above a discussion. */
export function isCommentThread(value: unknown): value is vscode.CommentThread {
  return (
    typeof value === 'object' &&
    value !== null &&
    'uri' in value &&
    value.uri instanceof vscode.Uri &&
    'comments' in value &&
    Array.isArray(value.comments)
  );
}
