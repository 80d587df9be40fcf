import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ApplyProjectResponse } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { describeChanges } from './describeChanges.js';
import { interpolatedVariables } from './interpolatedVariables.js';
import { whileWaiting } from '../plain/messages.js';
import { projectTitle } from '../threads/threadTitles.js';

/** Scheme of the two sides of a preview; both are compose files that the host wrote, without comments and secrets. */
const specScheme = 'muster-spec';

export interface ApplyPreview {
  /** Words for what would change; empty when nothing would. */
  readonly changes: string;
  /** Spec hash of what the preview was compared with. */
  readonly comparedWith: string;
}

/** Shows what applying a compose file would change: what is applied, and the file, both as a compose file would say it. */
export class ApplyPreviews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #host: HostConnection;
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(host: HostConnection) {
    this.#host = host;
    this.#subscriptions = [
      this.#changed,
      vscode.workspace.registerTextDocumentContentProvider(specScheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === specScheme) this.#texts.delete(uri.toString());
      }),
    ];
  }

  readonly onDidChange = this.#changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  /** Compares and shows; nothing is opened when nothing would change. */
  async show(file: vscode.Uri): Promise<ApplyPreview> {
    const environment = await interpolatedVariables(file.fsPath);
    const answer = await whileWaiting(vscode.l10n.t('Comparing the compose file'), async signal => {
      const client = await this.#host.client(signal);
      return client.projects.applyProject({ file: file.fsPath, environment, dryRun: true }, { signal });
    });
    if (!answer.unchanged) await this.#open(file, answer);
    return {
      changes: answer.unchanged ? '' : describeChanges(answer.changes),
      comparedWith: answer.previousSpecHash,
    };
  }

  /** Closes the preview of a file: once it is applied it shows what is past. */
  async close(file: vscode.Uri): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap(group => group.tabs);
    const past = tabs.filter(
      ({ input }) => input instanceof vscode.TabInputTextDiff && fileOfPreview(input.modified)?.path === file.path,
    );
    await vscode.window.tabGroups.close(past);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** What was applied is known by what it means: the text that it was read from is not kept, secrets may be in it. */
  async #open(file: vscode.Uri, { project, appliedYaml, specYaml }: ApplyProjectResponse): Promise<void> {
    const applied = this.#provide(file, { side: 'applied', text: withNote(appliedYaml) });
    const changed = this.#provide(file, { side: 'file', text: withNote(specYaml) });
    const title = vscode.l10n.t('{0}: applied ↔ {1}', project ? projectTitle(project) : '', basename(file.fsPath));
    await vscode.commands.executeCommand('vscode.diff', applied, changed, title, { preview: true });
  }

  #provide(file: vscode.Uri, { side, text }: { readonly side: string; readonly text: string }): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: specScheme, path: `${file.path}/${side}.yaml` });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    return uri;
  }
}

function withNote(text: string): string {
  const note = vscode.l10n.t('What it means: comments and defaults are left out, the order may be another.');
  return text === '' ? '' : `# ${note}\n${text}`;
}

/** The compose file that a side of a preview was made of. */
export function fileOfPreview(uri: vscode.Uri): vscode.Uri | undefined {
  return uri.scheme === specScheme ? vscode.Uri.file(uri.path.replace(/\/[^/]+$/, '')) : undefined;
}
