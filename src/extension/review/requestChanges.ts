import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { agentToGoOn } from '../dispatch/successor.js';
import { showDone, whileWaiting } from '../plain/messages.js';
import { askForLine, pickRow } from '../plain/picks.js';
import type { Services } from '../services.js';
import { KeptDrafts } from '../threadPage/keptDrafts.js';
import { threadTitle } from '../threads/threadTitles.js';

/** What a person wrote about the lines of a thread. */
interface Said {
  /** Nobody but them knows these. */
  readonly drafts: number;
  /** Sent, and nobody has resolved them. */
  readonly open: number;
}

interface Request {
  readonly note: string;
  /** Send what is open once more. */
  readonly again: boolean;
}

/** Sends every draft, and what the person says besides, to the author, which goes on with it. What is refused is kept. */
export async function requestChanges(services: Services, thread: Thread): Promise<void> {
  const { draftComments: drafts, openComments: open } = services.host.threads.get(thread.id) ?? thread;
  const agent = await agentToGoOn(services, thread);
  if (agent === undefined) return;
  const kept = new KeptDrafts(services.context.workspaceState, 'requestDrafts');
  const request = await askForRequest(agent, { drafts, open }, kept.get(thread.id));
  if (request === undefined) return;
  await kept.set(thread.id, request.note);
  await services.reviews.save(thread);
  const sent = await whileWaiting(vscode.l10n.t('Requesting changes'), async signal => {
    const client = await services.host.client(signal);
    return client.reviews.requestChanges(
      {
        threadId: thread.id,
        ...request,
        agent,
        environment: collectProviderEnvironment(process.env),
        idempotencyKey: randomUUID(),
      },
      { signal },
    );
  });
  await kept.set(thread.id, '');
  services.attention.dispatchedHere(sent.threadId);
  showDone(vscode.l10n.t('{0} goes on with "{1}"', agent, threadTitle(thread)));
}

/** Undefined: the person wants nothing after all. */
async function askForRequest(agent: string, said: Said, begun: string): Promise<Request | undefined> {
  const again = said.drafts === 0 && said.open > 0 ? await askAgain(agent, said.open) : false;
  if (again === undefined) return undefined;
  const isEnough = said.drafts > 0 || again;
  const note = await askForLine({
    title: titleFor(agent),
    prompt: requestPrompt(said, again),
    value: begun,
    placeHolder: isEnough ? vscode.l10n.t('Anything besides (optional)') : vscode.l10n.t('What should be different?'),
    validateInput: text =>
      isEnough || text.trim() !== '' ? undefined : vscode.l10n.t('Say what should be different.'),
  });
  return note === undefined ? undefined : { note, again };
}

/** What is open was sent once: whether once more, nobody but the person knows. */
async function askAgain(agent: string, open: number): Promise<boolean | undefined> {
  const row = await pickRow(
    [
      {
        label: open === 1 ? vscode.l10n.t('Send It Again') : vscode.l10n.t('Send Them Again'),
        description: vscode.l10n.t('with its lines as they are now'),
        iconPath: new vscode.ThemeIcon('refresh'),
        again: true,
      },
      {
        label: vscode.l10n.t('Write a Message...'),
        description: vscode.l10n.t('without them'),
        iconPath: new vscode.ThemeIcon('edit'),
        again: false,
      },
    ],
    { title: titleFor(agent), placeHolder: vscode.l10n.t('{0} You have written no new one.', openText(open)) },
  );
  return row?.again;
}

function titleFor(agent: string): string {
  return vscode.l10n.t('Request Changes from {0}', agent);
}

/** What will be sent, and what will not. */
export function requestPrompt({ drafts, open }: Said, again: boolean): string {
  if (again)
    return open === 1 ? vscode.l10n.t('Sends 1 comment again.') : vscode.l10n.t('Sends {0} comments again.', open);
  const left = open === 0 ? '' : openText(open);
  if (drafts === 0) return left === '' ? vscode.l10n.t('You have not commented on any line.') : left;
  const sends = drafts === 1 ? vscode.l10n.t('Sends your comment.') : vscode.l10n.t('Sends your {0} comments.', drafts);
  return [sends, left].filter(part => part !== '').join(' ');
}

function openText(open: number): string {
  return open === 1
    ? vscode.l10n.t('1 comment that was sent is still open.')
    : vscode.l10n.t('{0} comments that were sent are still open.', open);
}
