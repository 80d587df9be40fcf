import * as vscode from 'vscode';
import { attemptsBatch } from '../../client/attempts.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import { formatCost } from '../../protocol/displayFormat.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { testsOutcome } from '../../protocol/webview/testRunText.js';
import { webviewStrings } from '../../protocol/webview/webviewStrings.js';
import { listAgents, offerAgents } from '../dispatch/agentChoice.js';
import { agentRows } from '../dispatch/agentRows.js';
import { askModally, showDone, showInformation, showWarning, whileWaiting } from '../plain/messages.js';
import { askForLine, pickRows } from '../plain/picks.js';
import type { Services } from '../services.js';
import { targetThread } from '../threads/pickThread.js';
import { changesText, statusWord } from '../threads/threadText.js';
import { threadTitle } from '../threads/threadTitles.js';
import { windowClosing } from '../windowClosing.js';

/** A task that stands in an editor. */
interface WrittenTask {
  readonly document: vscode.TextDocument;
  readonly base: string | undefined;
}

/** Gives one task to several agents, each in a worktree of its own: the one that is written, or one that is asked for. */
export async function dispatchBestOf(services: Services, written?: WrittenTask): Promise<void> {
  const choices = await listAgents(services);
  if (choices.length === 0) return offerAgents(services);
  const several = services.scope.projects().length > 1;
  const picked = await pickRows(agentRows(choices, { several }), {
    placeHolder: vscode.l10n.t('Which agents should each try it? One alone tries it with several models.'),
  });
  const chosen = (picked ?? []).flatMap(({ choice }) => choice ?? []);
  const [first] = chosen;
  if (!first) return;
  const { project } = first;
  if (chosen.some(choice => choice.project.id !== project.id)) {
    void showInformation(vscode.l10n.t('Choose agents of the same project.'));
    return;
  }
  const models = chosen.length === 1 ? await askForModels(first.agent.name) : undefined;
  if (chosen.length === 1 && !models) return;
  const text = written?.document.getText().trim() ?? '';
  const prompt = text === '' ? await askForLine({ prompt: vscode.l10n.t('What should each of them do?') }) : text;
  if (prompt === undefined || prompt.trim() === '') return;
  const named = chosen.map(({ agent }) => agent.name);
  const agents = models?.map(() => first.agent.name) ?? named;
  await whileWaiting(vscode.l10n.t('Dispatching to {0}', named.join(', ')), async signal => {
    const client = await services.host.client(signal);
    const batch = attemptsBatch({ agents, models, prompt, base: written?.base });
    const environment = collectProviderEnvironment(process.env);
    const { threads } = await client.threads.createBatch({ ...batch, project: project.id, environment }, { signal });
    for (const { threadId } of threads) services.attention.dispatchedHere(threadId);
  });
  if (!written) return;
  // It would ask whether to save what was sent.
  await vscode.window.showTextDocument(written.document);
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
}

/** One agent may try it with several models. */
async function askForModels(agent: string): Promise<readonly string[] | undefined> {
  const split = (text: string): readonly string[] => text.split(',').map(name => name.trim());
  const text = await askForLine({
    prompt: vscode.l10n.t('Which models should {0} try it with? Separate them by commas.', agent),
    placeHolder: 'opus, sonnet',
    validateInput: value =>
      split(value).filter(name => name !== '').length < 2 ? vscode.l10n.t('Name two models or more.') : undefined,
  });
  return text === undefined ? undefined : split(text).filter(name => name !== '');
}

/** Other threads of the batch; whether they are attempts at the same task, the host says. */
function othersOf({ host }: Services, thread: Thread): readonly Thread[] {
  if (thread.batch === '') return [];
  return [...host.threads.values()].filter(({ id, batch }) => batch === thread.batch && id !== thread.id);
}

/** As many as fit beside each other on a screen. */
const mostColumns = 4;

/** Opens the reviews of attempts at the same task beside each other; which of them, a person says where they are many. */
export async function compareAttempts(services: Services, args: readonly unknown[]): Promise<void> {
  const thread = await targetThread(services, args, {
    placeHolder: vscode.l10n.t('Whose attempts should be compared?'),
    filter: each => othersOf(services, each).length > 0,
  });
  if (!thread) return;
  const all = [thread, ...othersOf(services, thread)].filter(
    ({ head, baseCommit }) => head !== '' && head !== baseCommit,
  );
  const shown = all.length <= mostColumns ? all : await chooseAttempts(all);
  if (!shown) return;
  if (shown.length === 0) {
    void showInformation(vscode.l10n.t('None of the attempts has changed anything yet.'));
    return;
  }
  await vscode.commands.executeCommand('workbench.action.joinAllGroups');
  for (const [index, attempt] of shown.entries()) {
    if (index > 0) await vscode.commands.executeCommand('workbench.action.newGroupRight');
    await services.reviews.open(attempt, windowClosing);
  }
}

async function chooseAttempts(attempts: readonly Thread[]): Promise<readonly Thread[] | undefined> {
  const rows = attempts.map(attempt => ({
    label: attempt.agent,
    description: [attempt.model, changesText(attempt), testsText(attempt), formatCost(attempt.costUsd)]
      .filter(part => part !== '')
      .join(' · '),
    attempt,
  }));
  const placeHolder = vscode.l10n.t('Which of them? {0} fit beside each other.', mostColumns);
  const chosen = await pickRows(rows, { placeHolder });
  return chosen?.slice(0, mostColumns).map(({ attempt }) => attempt);
}

function testsText({ latestRun }: Thread): string {
  const outcome = testsOutcome(latestRun?.tests ?? []);
  return outcome === undefined ? '' : vscode.l10n.t(webviewStrings[`tests.${outcome}`]);
}

/** Keeps one of several attempts, after saying which others go. */
export async function keepAttempt(services: Services, args: readonly unknown[]): Promise<void> {
  const thread = await targetThread(services, args, {
    placeHolder: vscode.l10n.t('Which attempt should be kept?'),
    filter: each => othersOf(services, each).length > 0,
  });
  if (!thread) return;
  const others = othersOf(services, thread).filter(({ outcome }) => outcome === 'open');
  const keep = vscode.l10n.t('Keep This, Abandon the Others');
  const detail = [
    vscode.l10n.t('What the others did, also uncommitted, is kept and can be restored. Those that are at work stop.'),
    ...others.map(other => `• ${threadTitle(other)} · ${other.agent} · ${statusWord(other)}`),
  ].join('\n');
  const text = vscode.l10n.t('Keep the attempt of {0} and abandon the others?', thread.agent);
  if ((await askModally({ text, detail }, keep)) !== keep) return;
  const { failed } = await whileWaiting(vscode.l10n.t('Abandoning the others'), async signal => {
    const client = await services.host.client(signal);
    return await client.threads.keepAttempt({ threadId: thread.id }, { signal });
  });
  const reasons = Object.values(failed);
  if (reasons.length > 0) void showWarning(vscode.l10n.t('Some could not be abandoned: {0}', reasons.join('; ')));
  else showDone(vscode.l10n.t('{0} is kept', threadTitle(thread)));
}
