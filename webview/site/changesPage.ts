import { inPart } from '../../src/base/partPath.js';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { errorMessage } from '../../src/base/errors.js';
import { formatLineChanges } from '../../src/protocol/displayFormat.js';
import type { DiffThreadResponse, Thread, ThreadPart } from '../../src/protocol/gen/muster/v1/threads_pb.js';
import { fill, webviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { colored } from '../shared/codeColors.js';
import { notice } from '../shared/notice.js';
import { button } from '../shared/toolkit.js';
import { complain } from './modelPages.js';
import { languageOf, readPatch, type FilePatch, type PatchLine } from './patchLines.js';
import { clientOf, type SiteContext } from './siteContext.js';
import { siteStrings as texts } from './siteStrings.js';
import { actOnThread, titleOf } from './threadDeeds.js';

/** Of a longer one the first lines; all of it is what `muster diff` shows. */
const shownLines = 3_000;

/** What a thread changed, to read: who opens it has looked at exactly this commit. */
export class ChangesPage extends LitElement {
  declare context: SiteContext;
  declare threadId: string;
  declare file: string;
  #thread: Thread | undefined;
  #diff: DiffThreadResponse | undefined;
  #patches: readonly FilePatch[] = [];
  #live = false;
  #failure = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  protected override render(): TemplateResult {
    const { context, threadId } = this;
    return html`<main class="site-page changes-page">
      <header class="changes-header">
        <h1>${this.#thread ? fill(texts.changes, titleOf(this.#thread)) : webviewStrings.loading}</h1>
        <div class="changes-actions">${this.#thread ? this.#buttons(this.#thread) : nothing}</div>
        <button class="link" type="button" @click=${() => context.go({ page: 'thread', threadId })}>
          ${texts.back}
        </button>
      </header>
      ${this.#failure === '' ? nothing : notice({ tone: 'error', text: texts.failed, detail: this.#failure })}
      ${this.#live ? notice({ tone: 'info', text: texts.liveChanges }) : nothing}
      ${this.#diff?.files.length === 0 ? html`<p class="empty">${texts.noChanges}</p>` : nothing}
      ${this.#patches.map(patch => this.#file(patch))}
      ${this.#diff?.patchTruncated ? html`<p class="dim">${texts.truncated}</p>` : nothing}
    </main>`;
  }

  protected override updated(): void {
    if (this.file === '' || this.#patches.length === 0) return;
    const wanted = this.file;
    this.file = '';
    const files = [...this.querySelectorAll<HTMLElement>('.changed-file')];
    files.find(({ dataset }) => dataset['path'] === wanted)?.scrollIntoView();
  }

  #buttons(thread: Thread): TemplateResult {
    const isOver = ['merged', 'closed', 'abandoned', 'merging'].includes(thread.status);
    if (isOver || this.#live || this.#diff?.files.length === 0) return html``;
    return html`${this.#button('approve', webviewStrings.approve)}
    ${this.#button('requestChanges', webviewStrings.requestChanges)}
    ${this.#button('merge', webviewStrings.merge, 'primary')}`;
  }

  #button(
    action: 'approve' | 'requestChanges' | 'merge',
    label: string,
    look: 'primary' | 'secondary' = 'secondary',
  ): TemplateResult {
    const { context, threadId } = this;
    const onClick = (): void => void actOnThread(context, action, threadId).then(() => this.#load(), complain);
    return button({ label, look, onClick, testId: action });
  }

  #file(patch: FilePatch): TemplateResult {
    const { path, binary, lines } = patch;
    const changed = this.#diff?.files.find(file => file.path === path);
    const language = languageOf(path);
    return html`<section class="changed-file" data-path=${path} aria-label=${path}>
      <h2 class="changed-name">
        <span class="mono">${path}</span>
        <span class="file-changes">${changed ? formatLineChanges(changed.additions, changed.deletions) : nothing}</span>
      </h2>
      ${
        binary
          ? html`<p class="dim">${texts.binary}</p>`
          : html`<div class="patch" tabindex="0" role="group" aria-label=${path}>
              <table>
                <tbody>
                  ${lines.slice(0, shownLines).map(line => lineRow(line, language))}
                </tbody>
              </table>
              ${lines.length > shownLines ? html`<p class="dim">${texts.truncated}</p>` : nothing}
            </div>`
      }
    </section>`;
  }

  async #load(): Promise<void> {
    const { context, threadId } = this;
    const signal = context.closing;
    try {
      const { threads } = await clientOf(context);
      this.#live = await this.#noteShown(threadId);
      const [diff, { thread }] = await Promise.all([
        threads.diffThread({ threadId, withPatch: true, allRepositories: true }, { signal }),
        threads.getThread({ threadId }, { signal }),
      ]);
      const others = await Promise.all((thread?.parts ?? []).map(part => this.#patchesOf(part)));
      this.#diff = diff;
      this.#thread = thread;
      this.#patches = [...readPatch(diff.patch), ...others.flat()];
      this.#failure = '';
    } catch (error) {
      this.#failure = errorMessage(error);
    }
    this.requestUpdate();
  }

  /** What the thread changed in another repository, its files named after that. */
  async #patchesOf({ threadId, name, repository }: ThreadPart): Promise<readonly FilePatch[]> {
    if (repository === '') return [];
    const { threads } = await clientOf(this.context);
    await this.#noteShown(threadId);
    const { patch } = await threads.diffThread({ threadId, withPatch: true }, { signal: this.context.closing });
    return readPatch(patch).map(file => ({ ...file, path: inPart(name, file.path) }));
  }

  /** The host notes what a person has in front of them. Who may only read looks all the same. */
  async #noteShown(threadId: string): Promise<boolean> {
    const { context } = this;
    const { threads } = await clientOf(context);
    return await threads.reviewThread({ threadId }, { signal: context.closing }).then(
      ({ live }) => live,
      () => false,
    );
  }
}

const marks: Readonly<Record<PatchLine['kind'], string>> = { same: ' ', added: '+', removed: '-', hunk: '' };

function lineRow({ kind, text, before, after }: PatchLine, language: string): TemplateResult {
  if (kind === 'hunk')
    return html`<tr class="line-hunk">
      <td></td>
      <td></td>
      <td>${text}</td>
    </tr>`;
  // The highlighter escapes everything that it is given.
  const code = language === '' ? undefined : colored(text, language);
  return html`<tr class="line-${kind}">
    <td class="line-number">${before ?? nothing}</td>
    <td class="line-number">${after ?? nothing}</td>
    <td><span class="line-mark">${marks[kind]}</span>${code === undefined ? text : unsafeHTML(code)}</td>
  </tr>`;
}

customElements.define('muster-changes', ChangesPage);
