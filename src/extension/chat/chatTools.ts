import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import type { HostConnection } from '../host/hostConnection.js';
import { chatToolTable, type ChatToolName } from '../manifest/chatToolTable.js';
import { codeReference } from '../plain/markdown.js';
import { plainText } from '../plain/plainText.js';
import type { WorkspaceScope } from '../projects/workspaceScope.js';
import type { ChatToolServices } from './chatToolCalls.js';

/** Gives chat the tools of `chatToolTable`. A dispatch is confirmed by the person, as everything that starts an agent is. */
export function registerChatTools(
  context: vscode.ExtensionContext,
  { host, scope }: { readonly host: HostConnection; readonly scope: WorkspaceScope },
): void {
  const services: ChatToolServices = {
    client: signal => host.client(signal),
    projects: () => scope.projects(),
    threads: () => scope.threads(),
    thread: id => host.threads.get(id),
    changed: signal => nextChange(host, signal),
  };
  for (const name of toolNames()) {
    context.subscriptions.push(
      vscode.lm.registerTool(name, {
        prepareInvocation: ({ input }) => invocationOf(name, input),
        async invoke({ input }, token) {
          const stop = new AbortController();
          const cancelled = token.onCancellationRequested(() => stop.abort());
          try {
            const { callChatTool } = await import('./chatToolCalls.js');
            const result = await callChatTool(name, input, { services, signal: stop.signal });
            return answer(JSON.stringify(result));
          } catch (error) {
            if (token.isCancellationRequested) throw new vscode.CancellationError();
            // For the model, which reads it and does something else.
            return answer(JSON.stringify({ error: errorMessage(error) }));
          } finally {
            cancelled.dispose();
          }
        },
      }),
    );
  }
}

function toolNames(): readonly ChatToolName[] {
  return Object.keys(chatToolTable).filter(name => isToolName(name));
}

function isToolName(name: string): name is ChatToolName {
  return Object.hasOwn(chatToolTable, name);
}

function answer(text: string): vscode.LanguageModelToolResult {
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
}

function invocationOf(name: ChatToolName, input: unknown): vscode.PreparedToolInvocation {
  if (name !== 'muster_dispatch') return { invocationMessage: vscode.l10n.t('Asking Muster') };
  const { agent, prompt } = dispatchWords(input);
  const whom = bareName(agent);
  return {
    invocationMessage: vscode.l10n.t('Giving {0} a task', whom),
    // Read as Markdown, a prompt could have words in it that the person who says yes to it does not see.
    confirmationMessages: { title: vscode.l10n.t('Give {0} this task?', whom), message: codeReference(prompt) },
  };
}

/** VS Code reads titles as Markdown. No agent has any other characters in its name. */
function bareName(agent: string): string {
  return agent.slice(0, 60).replaceAll(/[^\p{L}\p{N} ._-]/gu, '');
}

function dispatchWords(input: unknown): { readonly agent: string; readonly prompt: string } {
  const words = (key: string): string => {
    const value = typeof input === 'object' && input !== null && key in input ? Object.entries(input) : [];
    const found = value.find(([name]) => name === key)?.[1];
    return typeof found === 'string' ? plainText(found) : '';
  };
  return { agent: words('agent'), prompt: words('prompt') };
}

/** Until something of a thread changed, or nobody wants to know any more. */
async function nextChange(host: HostConnection, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const listener = host.onDidChange(() => resolve());
  if (signal.aborted) abort();
  try {
    await promise;
  } finally {
    void listener.dispose();
    signal.removeEventListener('abort', abort);
  }
}
