import * as vscode from 'vscode';
import { defined } from '../../base/defined.js';
import type { Hunk } from '../../protocol/gen/muster/v1/reviews_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { reviewCommands } from '../manifest/reviewCommands.js';
import { isCommentReply, isCommentThread, ShownComment } from '../plain/comments.js';
import { askModally, showDone, showInformation, whileWaiting } from '../plain/messages.js';
import { askForLine, pickRow } from '../plain/picks.js';
import { lineOf } from '../review/reviewedChanges.js';
import { reviewFileOf } from '../review/reviewUris.js';
import type { Services } from '../services.js';
import { targetThread, targetThreads, type ThreadQuestion } from '../threads/pickThread.js';
import { taskTitle, threadTitle } from '../threads/threadTitles.js';
import { isChangesNode, type ChangesNode, type ChangesView } from '../views/changesView.js';
import type { CommandHandlers } from './commandHandler.js';
import { windowClosing } from '../windowClosing.js';

/** Commands of a review. All start the host when it is down, except those that only show an editor. */
export function reviewHandlers(
  services: Services,
  tree: Pick<ChangesView, 'hunksOf'>,
): CommandHandlers<keyof typeof reviewCommands> {
  const { comments } = services;
  return {
    ...changesHandlers(services, tree),
    'muster.requestChanges': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Whose author do you ask for changes?'),
        filter: ({ head, outcome }) => head !== '' && outcome === 'open',
      });
      if (thread) await (await import('../review/requestChanges.js')).requestChanges(services, thread);
    },
    'muster.addComment': async reply => {
      if (isCommentReply(reply)) await saving(signal => comments.add(reply, signal));
    },
    'muster.editComment': comment => {
      if (comment instanceof ShownComment) comments.setEditing(comment, true);
    },
    'muster.cancelEditComment': comment => {
      if (comment instanceof ShownComment) comments.setEditing(comment, false);
    },
    'muster.saveComment': async comment => {
      if (comment instanceof ShownComment) await saving(signal => comments.save(comment, signal));
    },
    'muster.deleteComment': async comment => {
      if (comment instanceof ShownComment) await saving(signal => comments.remove(comment, signal));
    },
    'muster.applySuggestion': async comment => {
      if (comment instanceof ShownComment) await saving(signal => comments.applySuggestion(comment, signal));
    },
    'muster.resolveComment': async thread => {
      if (isCommentThread(thread)) await saving(signal => comments.resolve(thread, true, signal));
    },
    'muster.reopenComment': async thread => {
      if (isCommentThread(thread)) await saving(signal => comments.resolve(thread, false, signal));
    },
  };
}

type ChangesIds =
  | 'muster.compareThreads'
  | 'muster.reviewSince'
  | 'muster.nextUnreviewed'
  | 'muster.previousUnreviewed'
  | 'muster.toggleReviewed'
  | 'muster.filterChanges'
  | 'muster.showAllChanges'
  | 'muster.stageChange'
  | 'muster.unstageChange'
  | 'muster.commitStaged'
  | 'muster.unstageAll'
  | 'muster.revertChange'
  | 'muster.openChange';

/** Commands of the Changes view, and those that go through what was not looked at. */
function changesHandlers(
  services: Services,
  tree: Pick<ChangesView, 'hunksOf'>,
): Pick<CommandHandlers<keyof typeof reviewCommands>, ChangesIds> {
  const { changes, reviews } = services;
  const open = async (path: string, line?: number): Promise<void> => {
    const { thread } = changes;
    if (thread) await reviews.openFile(thread, path, { signal: windowClosing, ...defined({ line }) });
  };
  const step = async (direction: 1 | -1): Promise<void> => {
    const place = changes.unreviewed(cursorIn(changes), direction);
    if (place) await open(place.path, lineOf(place.hunk));
    else showDone(vscode.l10n.t('Everything is reviewed'));
  };
  const whoseStaged = async (args: readonly unknown[]): Promise<Thread | undefined> =>
    typeof args[0] === 'string' || !changes.thread ? targetThread(services, args, whoseChanges()) : changes.thread;
  return {
    'muster.compareThreads': async (...args) => {
      const given = await targetThreads(services, args, {
        placeHolder: vscode.l10n.t('Which thread do you want to compare?'),
        filter: ({ head }) => head !== '',
      });
      const [thread, second] = given ?? [];
      if (!thread) return;
      const other = second ?? (await pickOther(services, thread));
      if (!other) return;
      if (!(await reviews.compare(thread, other, new AbortController().signal)))
        void showInformation(vscode.l10n.t('Both have come to the same files.'));
    },
    'muster.reviewSince': async (...args) => {
      const thread = await targetThread(services, args, {
        placeHolder: vscode.l10n.t('Which thread do you want to review?'),
        filter: ({ shownHead, head }) => shownHead !== '' && shownHead !== head,
      });
      if (!thread) return;
      const opened = await reviews.open(thread, windowClosing, { sinceLast: true });
      if (!opened) void showInformation(vscode.l10n.t('Nothing has changed since you last looked.'));
    },
    'muster.filterChanges': async () => {
      const prompt = vscode.l10n.t('Show only files whose path contains these words');
      const words = await askForLine({ prompt, value: changes.filter, placeHolder: 'src test' });
      if (words !== undefined) changes.setFilter(words);
    },
    'muster.showAllChanges': () => changes.setFilter(''),
    'muster.nextUnreviewed': () => step(1),
    'muster.previousUnreviewed': () => step(-1),
    'muster.stageChange': async node => {
      if (!isChangesNode(node)) return;
      const hunks = tree.hunksOf(node).filter(({ staged }) => !staged);
      await changes.setStaged(hunks, true, windowClosing);
    },
    'muster.unstageChange': async node => {
      if (!isChangesNode(node)) return;
      const hunks = tree.hunksOf(node).filter(({ staged }) => staged);
      await changes.setStaged(hunks, false, windowClosing);
    },
    'muster.commitStaged': async (...args) => {
      const thread = await whoseStaged(args);
      if (thread) await commitStaged(services, thread);
    },
    'muster.unstageAll': async (...args) => {
      const thread = await whoseStaged(args);
      if (!thread) return;
      const client = await services.host.client(windowClosing);
      await client.reviews.unstageChanges({ threadId: thread.id }, { signal: windowClosing });
      await changes.load(windowClosing);
    },
    'muster.revertChange': async node => {
      const { thread } = changes;
      if (isChangesNode(node) && thread) await revertChange(services, thread, { node, hunks: tree.hunksOf(node) });
    },
    'muster.openChange': async node => {
      if (!isChangesNode(node)) return;
      const [hunk] = tree.hunksOf(node);
      await open(node.path, hunk && lineOf(hunk));
    },
    'muster.toggleReviewed': async node => {
      const hunks = isChangesNode(node) ? tree.hunksOf(node) : hunksAtCursor(services);
      const reviewed = hunks.some(hunk => !hunk.reviewed);
      await changes.setReviewed(hunks, reviewed, windowClosing);
    },
  };
}

function whoseChanges(): ThreadQuestion {
  return {
    placeHolder: vscode.l10n.t('Whose staged changes?'),
    filter: ({ head, outcome }) => head !== '' && outcome === 'open',
  };
}

/** Leaves of a thread's changes those that are staged, once the person has said what they are. */
async function commitStaged(services: Services, thread: Thread): Promise<void> {
  const message = await askForLine({
    title: vscode.l10n.t('Commit Staged Changes of "{0}"', threadTitle(thread)),
    prompt: vscode.l10n.t('What is not staged is left out of the thread. It stays in the history of its branch.'),
    placeHolder: vscode.l10n.t('Message of the commit'),
    value: taskTitle(thread),
    validateInput: text => (text.trim() === '' ? vscode.l10n.t('Say what it is.') : undefined),
  });
  if (message === undefined) return;
  await services.reviews.save(thread);
  const { kept, leftOut } = await whileWaiting(vscode.l10n.t('Committing'), async signal => {
    const client = await services.host.client(signal);
    const committed = await client.reviews.commitStaged({ threadId: thread.id, message }, { signal });
    await services.changes.load(signal);
    return committed;
  });
  showDone(vscode.l10n.t('{0} changes kept, {1} left out', kept, leftOut));
}

/** Undoes a file's changes, or one hunk of them, after asking. */
async function revertChange(
  services: Services,
  thread: Thread,
  { node, hunks }: { readonly node: ChangesNode; readonly hunks: readonly Hunk[] },
): Promise<void> {
  const [hunk] = hunks;
  if (!hunk) return;
  const revert = vscode.l10n.t('Revert');
  const text =
    node.kind === 'hunk'
      ? vscode.l10n.t('Revert this change of {0} at line {1}?', node.path, lineOf(hunk))
      : vscode.l10n.t('Revert everything that "{0}" changed in {1}?', threadTitle(thread), node.path);
  const detail = vscode.l10n.t('It becomes a commit on the branch of the thread, where the change can be found again.');
  if ((await askModally({ text, detail }, revert)) !== revert) return;
  await services.reviews.save(thread);
  await whileWaiting(vscode.l10n.t('Reverting'), async signal => {
    const client = await services.host.client(signal);
    await client.reviews.takeBack({ threadId: thread.id, hunks: hunks.map(({ key }) => key) }, { signal });
    await services.changes.load(signal);
  });
}

/** Where the person is in the review of a thread. */
function cursorIn(changes: Services['changes']): { readonly path: string; readonly line: number } | undefined {
  const editor = vscode.window.activeTextEditor;
  const file = editor && reviewFileOf(editor.document.uri);
  const path = file && changes.pathOf(file);
  return editor && path !== undefined ? { path, line: editor.selection.active.line + 1 } : undefined;
}

/** The hunk that the cursor is in; beside all hunks, those of the whole file. */
function hunksAtCursor({ changes }: Services): readonly Hunk[] {
  const cursor = cursorIn(changes);
  const hunks = changes.files.find(({ file }) => file?.path === cursor?.path)?.hunks ?? [];
  const here = hunks.filter(
    hunk => cursor && cursor.line >= lineOf(hunk) && cursor.line < lineOf(hunk) + Math.max(1, hunk.newLines),
  );
  return here.length > 0 ? here : hunks;
}

function saving(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  return whileWaiting(vscode.l10n.t('Saving the comment'), work);
}

/** Its target, or another thread of the same repository that has something to compare with. */
async function pickOther(services: Services, thread: Thread): Promise<Thread | 'target' | undefined> {
  const others = services.scope
    .threads()
    .filter(({ id, head, repository }) => id !== thread.id && head !== '' && repository === thread.repository);
  // Other attempts at the same task are what it is compared with as a rule.
  const isAttempt = ({ batch }: Thread): number => Number(batch !== '' && batch === thread.batch);
  const rows = others
    .toSorted((a, b) => isAttempt(b) - isAttempt(a))
    .map(other => ({ label: threadTitle(other), description: other.agent, other }));
  const target = {
    label: vscode.l10n.t('Its Target As It Is Now'),
    description: vscode.l10n.t('with what has landed there since'),
    other: 'target' as const,
  };
  const row = await pickRow([...rows, target], {
    placeHolder: vscode.l10n.t('Compare "{0}" with', threadTitle(thread)),
  });
  return row?.other;
}
