import * as vscode from 'vscode';
import type { Question } from '../../protocol/gen/muster/v1/questions_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { askModally, showInformation, whileWaiting } from '../plain/messages.js';
import { askForLine, pickRow } from '../plain/picks.js';
import type { Services } from '../services.js';
import { threadTitle } from '../threads/threadTitles.js';

/** Shows what an agent asks, and sends the answer. Closing the question answers nothing: the agent goes on waiting. */
export async function answerQuestion(services: Services, thread: Thread): Promise<void> {
  const [question] = thread.questions;
  if (!question) {
    void showInformation(vscode.l10n.t('"{0}" asks nothing.', threadTitle(thread)));
    return;
  }
  const answer = question.kind === 'permission' ? await askPermission(question) : await askWords(question);
  if (!answer) return;
  await whileWaiting(vscode.l10n.t('Answering {0}', thread.agent), async signal => {
    const client = await services.host.client(signal);
    await client.questions.answerQuestion({ questionId: question.id, ...answer }, { signal });
  });
}

interface Answer {
  readonly decision: string;
  readonly text: string;
}

/** Never as a notification: what is allowed must be readable whole. */
async function askPermission({ agent, title, detail, rule }: Question): Promise<Answer | undefined> {
  const allow = vscode.l10n.t('Allow');
  const always = vscode.l10n.t('Always on This Thread');
  const deny = vscode.l10n.t('Deny');
  const more = rule === '' ? '' : `\n\n${vscode.l10n.t('"Always" allows: {0}', rule)}`;
  const text = vscode.l10n.t('{0} wants to: {1}', agent, title);
  const buttons = [allow, ...(rule === '' ? [] : [always]), deny];
  switch (await askModally({ text, detail: `${detail}${more}` }, ...buttons)) {
    case allow:
      return { decision: 'allow', text: '' };
    case always:
      return { decision: 'always', text: '' };
    case deny:
      return { decision: 'deny', text: '' };
    default:
      return undefined;
  }
}

async function askWords({ agent, detail, options }: Question): Promise<Answer | undefined> {
  const title = vscode.l10n.t('{0} asks', agent);
  if (options.length > 0) {
    const other = vscode.l10n.t('Something else...');
    const rows = [...options, other].map(label => ({ label }));
    const chosen = await pickRow(rows, { title, placeHolder: detail });
    if (!chosen) return undefined;
    if (chosen.label !== other) return { decision: 'answer', text: chosen.label };
  }
  const text = await askForLine({ title, prompt: detail, ignoreFocusOut: true });
  return text === undefined || text.trim() === '' ? undefined : { decision: 'answer', text };
}
