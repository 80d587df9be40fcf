import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { errorMessage } from '../../src/base/errors.js';
import type { Project } from '../../src/protocol/gen/muster/v1/projects_pb.js';
import { projectNames } from '../../src/protocol/projectNames.js';
import { notice } from '../shared/notice.js';
import { button } from '../shared/toolkit.js';
import { clientOf, type SiteContext } from './siteContext.js';
import { siteStrings as texts } from './siteStrings.js';
import { newKey } from './threadDeeds.js';

/** Gives an agent a task. */
export class DispatchPage extends LitElement {
  declare context: SiteContext;
  declare project: string;
  declare agent: string;
  #task = '';
  #failure = '';
  #sending = false;
  /** The same task after an error is the same dispatch: it may have arrived although the answer was lost. */
  #key = newKey();
  #changes: { dispose(): unknown } | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#changes = this.context.live.onDidChange(({ reset, projects }) => {
      if (reset || projects.length > 0) this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#changes?.dispose();
  }

  protected override render(): TemplateResult {
    const projects = [...this.context.live.projects.values()];
    const chosen = projects.find(({ id }) => id === this.project) ?? projects[0];
    return html`<main class="site-page">
      <h1>${texts.newTask}</h1>
      ${this.#failure === '' ? nothing : notice({ tone: 'error', text: texts.failed, detail: this.#failure })}
      ${chosen ? this.#form(projects, chosen) : html`<p class="empty">${texts.noProjects}</p>`}
    </main>`;
  }

  #form(projects: readonly Project[], project: Project): TemplateResult {
    const agent = project.agents.find(({ name }) => name === this.agent) ?? project.agents[0];
    const send = (event: Event): void => {
      event.preventDefault();
      if (agent) void this.#send(project.id, agent.name);
    };
    return html`<form class="site-form" @submit=${send}>
      <label
        >${texts.project}<select
          @change=${(event: Event) => {
            this.project = valueOf(event);
            this.requestUpdate();
          }}
        >
          ${[...projectNames(projects)].map(([id, name]) => html`<option value=${id} ?selected=${id === project.id}>${name}</option>`)}
        </select></label
      >
      <label
        >${texts.agent}<select
          @change=${(event: Event) => {
            this.agent = valueOf(event);
            this.requestUpdate();
          }}
        >
          ${project.agents.map(
            ({ name, provider }) =>
              html`<option value=${name} ?selected=${name === agent?.name}>${`${name} · ${provider}`}</option>`,
          )}
        </select></label
      >
      ${(agent?.problem ?? '') === '' ? nothing : notice({ tone: 'warning', text: agent?.problem ?? '' })}
      <label
        >${texts.task}<textarea
          rows="8"
          required
          .value=${this.#task}
          @input=${(event: Event) => {
            this.#task = valueOf(event);
          }}
        ></textarea>
      </label>
      <div class="dialog-buttons">
        ${button({ label: texts.dispatch, look: 'primary', onClick: send, disabled: this.#sending, testId: 'send' })}
      </div>
    </form>`;
  }

  async #send(project: string, agent: string): Promise<void> {
    const prompt = this.#task.trim();
    if (prompt === '' || this.#sending) return;
    this.#sending = true;
    this.requestUpdate();
    const { context } = this;
    try {
      const { threads } = await clientOf(context);
      const request = { project, agent, prompt, idempotencyKey: this.#key };
      const { threadId } = await threads.dispatch(request, { signal: context.closing });
      this.#key = newKey();
      context.go({ page: 'thread', threadId });
    } catch (error) {
      this.#failure = errorMessage(error);
    } finally {
      this.#sending = false;
      this.requestUpdate();
    }
  }
}

function valueOf({ currentTarget }: Event): string {
  return currentTarget instanceof HTMLSelectElement || currentTarget instanceof HTMLTextAreaElement
    ? currentTarget.value
    : '';
}

customElements.define('muster-dispatch', DispatchPage);
