import * as vscode from 'vscode';
import { askByApi, compareUrl, githubApi, type Asked } from '../../client/pullRequests.js';
import type { PreparePullRequestResponse } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { askModally, showInformation, showWarning, whileWaiting } from '../plain/messages.js';
import { askForLine } from '../plain/picks.js';
import type { Services } from '../services.js';
import { targetThread } from '../threads/pickThread.js';
import { threadTitle } from '../threads/threadTitles.js';

/** Shows what would be pushed and where to, and opens a pull request for it when the person says so. */
export async function openPullRequest(services: Services, args: readonly unknown[]): Promise<void> {
  const thread = await targetThread(services, args, {
    placeHolder: vscode.l10n.t('For which thread should a pull request be opened?'),
    filter: ({ branch, worktree }) => branch !== '' && worktree !== '',
  });
  if (!thread) return;
  const threadId = thread.id;
  const draft = await whileWaiting(vscode.l10n.t('Preparing the pull request'), async signal => {
    const { merges } = await services.host.client(signal);
    return await merges.preparePullRequest({ threadId }, { signal });
  });
  if (draft.host === '') return await pushAlone(services, thread, draft);
  const title = await askForLine({ prompt: vscode.l10n.t('Title of the pull request'), value: draft.title });
  if (title === undefined || title.trim() === '') return;
  const push = vscode.l10n.t('Push and Open Pull Request');
  const question = {
    text: vscode.l10n.t('Push "{0}" and open a pull request into {1}?', threadTitle(thread), draft.base),
    detail: [whereTo(draft), '', vscode.l10n.t('The pull request will say:'), draft.body].join('\n'),
  };
  if ((await askModally(question, push)) !== push) return;
  await pushDraft(services, threadId, draft);
  const request = { ...draft, title };
  const asked = await ask(request);
  const page = 'url' in asked ? asked.url : compareUrl(request);
  const open = vscode.l10n.t('Open in Browser');
  const buttons = page === undefined ? [] : [open];
  const chosen =
    'url' in asked
      ? await showInformation(vscode.l10n.t('The pull request is open: {0}', asked.url), ...buttons)
      : await showWarning(
          vscode.l10n.t('{0} is pushed, but no pull request was opened: {1}', draft.branch, asked.problem),
          ...buttons,
        );
  if (chosen === open && page !== undefined) await vscode.env.openExternal(vscode.Uri.parse(page, true));
}

/** To a remote that knows no pull requests. */
async function pushAlone(services: Services, thread: Thread, draft: PreparePullRequestResponse): Promise<void> {
  const push = vscode.l10n.t('Push');
  const detail = [whereTo(draft), vscode.l10n.t('No pull request can be opened: the remote is not at GitHub.')].join(
    '\n',
  );
  const text = vscode.l10n.t('Push "{0}"?', threadTitle(thread));
  if ((await askModally({ text, detail }, push)) !== push) return;
  await pushDraft(services, thread.id, draft);
  void showInformation(vscode.l10n.t('{0} is pushed.', draft.branch));
}

/** What goes where, in one line: this is what the person says yes to. */
function whereTo({ branch, head, url }: PreparePullRequestResponse): string {
  return vscode.l10n.t('{0} ({1}) goes to {2}', branch, head.slice(0, 8), url);
}

async function pushDraft(services: Services, threadId: string, draft: PreparePullRequestResponse): Promise<void> {
  const { remote, url, head, base, branch } = draft;
  await whileWaiting(vscode.l10n.t('Pushing {0}', branch), async signal => {
    const { merges } = await services.host.client(signal);
    await merges.pushThread({ threadId, remote, url, head, base }, { signal });
  });
}

/** With the session that VS Code has, or asks for, at GitHub. */
async function ask(request: PreparePullRequestResponse): Promise<Asked> {
  if (request.host !== 'github.com') return { problem: vscode.l10n.t('the remote is not at github.com') };
  const title = vscode.l10n.t('Opening the pull request');
  return await whileWaiting(title, async signal => {
    const session = await vscode.authentication.getSession('github', ['repo'], { createIfNone: true }).then(
      found => found,
      () => undefined,
    );
    if (!session) return { problem: vscode.l10n.t('nobody is signed in to GitHub') };
    return await askByApi(request, { api: githubApi, token: session.accessToken }, signal);
  });
}
