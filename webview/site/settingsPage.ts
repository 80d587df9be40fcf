import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { errorMessage } from '../../src/base/errors.js';
import type { AccessToken, Login, LoginSession } from '../../src/protocol/gen/muster/v1/access_pb.js';
import type { ModelUpstream } from '../../src/protocol/gen/muster/v1/models_pb.js';
import type { HostVariable } from '../../src/protocol/gen/muster/v1/variables_pb.js';
import { projectNames } from '../../src/protocol/projectNames.js';
import { fill } from '../../src/protocol/webview/webviewStrings.js';
import { notice } from '../shared/notice.js';
import { button } from '../shared/toolkit.js';
import { ask, askForWords } from './dialogs.js';
import type { SiteClient } from './hostCalls.js';
import { complain } from './modelPages.js';
import { clientOf, type SiteContext } from './siteContext.js';
import { siteStrings as texts } from './siteStrings.js';

interface People {
  readonly variables: readonly HostVariable[];
  readonly logins: readonly Login[];
  readonly tokens: readonly AccessToken[];
  readonly sessions: readonly LoginSession[];
}

/** What an admin looks after: agents and their providers, keys of models, and who comes in. Secrets are only ever written. */
export class SettingsPage extends LitElement {
  declare context: SiteContext;
  #upstreams: readonly ModelUpstream[] = [];
  #people: People | undefined;
  #failure = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  protected override render(): TemplateResult {
    return html`<main class="site-page settings-page">
      <h1>${texts.settings}</h1>
      ${this.#failure === '' ? nothing : notice({ tone: 'error', text: texts.failed, detail: this.#failure })}
      ${this.#agents()} ${this.#models()}
      ${this.#people ? this.#access(this.#people) : html`<p class="dim">${texts.needsAdmin}</p>`}
    </main>`;
  }

  #agents(): TemplateResult {
    const projects = [...this.context.live.projects.values()];
    const names = projectNames(projects);
    const agents = projects.flatMap(project =>
      project.agents.map(agent => ({ project: names.get(project.id) ?? project.name, agent })),
    );
    return section(
      texts.providers,
      agents.map(({ project, agent }) =>
        row(`${project} / ${agent.name}`, `${agent.provider} ${agent.model}`, agent.problem || texts.ready),
      ),
    );
  }

  #models(): TemplateResult {
    return section(
      texts.upstreams,
      this.#upstreams.map(({ name, endpoint, keySource }) =>
        row(name, endpoint, keySource, button({ label: texts.setKey, onClick: () => this.#do(this.#setKey(name)) })),
      ),
    );
  }

  #access({ variables, logins, tokens, sessions }: People): TemplateResult {
    const now = Date.now();
    const valid = tokens.filter(
      ({ revokedAt, expiresAt }) => revokedAt === 0n && (expiresAt === 0n || Number(expiresAt) > now),
    );
    return html`${this.#variables(variables)}
    ${section(
      texts.users,
      logins.map(({ user, scope, changedAt }) =>
        row(
          user,
          scope,
          day(changedAt),
          button({ label: texts.setPassword, onClick: () => this.#do(this.#setPassword(user, scope)) }),
          button({
            label: texts.remove,
            onClick: () => this.#do(this.#call(({ access }) => access.removePassword({ user }))),
          }),
        ),
      ),
      button({ label: texts.newUser, onClick: () => this.#do(this.#addUser()) }),
    )}
    ${section(
      texts.tokens,
      valid.map(({ id, name, scope, usedAt }) =>
        row(
          name,
          scope,
          day(usedAt),
          button({
            label: texts.revoke,
            onClick: () => this.#do(this.#call(({ access }) => access.revokeToken({ token: id }))),
          }),
        ),
      ),
      button({ label: texts.newToken, onClick: () => this.#do(this.#addToken()) }),
    )}
    ${section(
      texts.sessions,
      sessions.map(({ id, user, scope, shown, createdAt }) =>
        row(
          user,
          `${scope} · ${shown}`,
          day(createdAt),
          button({
            label: texts.revoke,
            onClick: () => this.#do(this.#call(({ access }) => access.revokeSession({ session: id }))),
          }),
        ),
      ),
    )}`;
  }

  #variables(variables: readonly HostVariable[]): TemplateResult {
    return section(
      texts.variables,
      variables.map(({ name, value, secret }) =>
        row(
          name,
          secret ? texts.secret : value,
          '',
          button({ label: texts.change, onClick: () => this.#do(this.#setVariable(name, secret)) }),
          button({
            label: texts.remove,
            onClick: () => this.#do(this.#call(client => client.variables.removeVariable({ name }))),
          }),
        ),
      ),
      button({ label: texts.newVariable, onClick: () => this.#do(this.#addVariable()) }),
    );
  }

  async #addVariable(): Promise<void> {
    const name = await askForWords({
      title: texts.newVariable,
      detail: texts.variableDetail,
      label: texts.userName,
      type: 'line',
      confirm: texts.send,
      dismiss: texts.cancel,
    });
    if (name === undefined) return;
    const choices = [
      { label: texts.secretValue, value: true },
      { label: texts.plainValue, value: false },
    ];
    const secret = await ask({ title: name.trim(), detail: texts.secretDetail, choices, dismiss: texts.cancel });
    if (secret !== undefined) await this.#setVariable(name.trim(), secret);
  }

  async #setVariable(name: string, secret: boolean): Promise<void> {
    const title = fill(texts.valueOf, name);
    const value = secret
      ? await this.#askSecret(title, texts.secretDetail)
      : await askForWords({ title, label: title, type: 'line', confirm: texts.send, dismiss: texts.cancel });
    if (value !== undefined) await this.#call(client => client.variables.setVariable({ name, value, secret }));
  }

  #do(work: Promise<unknown>): void {
    work.then(() => this.#load(), complain);
  }

  async #call(call: (client: SiteClient) => Promise<unknown>): Promise<void> {
    await call(await clientOf(this.context));
  }

  async #setKey(upstream: string): Promise<void> {
    const key = await this.#askSecret(fill(texts.keyOf, upstream), texts.keyDetail);
    if (key !== undefined) await this.#call(({ models }) => models.offerModelKey({ upstream, key: key.trim() }));
  }

  async #setPassword(user: string, scope: string): Promise<void> {
    const password = await this.#askSecret(fill(texts.passwordOf, user), texts.passwordDetail);
    if (password !== undefined) await this.#call(({ access }) => access.setPassword({ user, password, scope }));
  }

  #askSecret(title: string, detail: string): Promise<string | undefined> {
    const more = { label: title, confirm: texts.send, dismiss: texts.cancel, type: 'password' } as const;
    return askForWords({ title, detail, ...more });
  }

  async #addUser(): Promise<void> {
    const user = await askForWords({
      title: texts.newUser,
      label: texts.userName,
      type: 'line',
      confirm: texts.send,
      dismiss: texts.cancel,
    });
    const scope = user === undefined ? undefined : await this.#askScope(texts.newUser);
    if (user !== undefined && scope !== undefined) await this.#setPassword(user.trim(), scope);
  }

  async #addToken(): Promise<void> {
    const name = await askForWords({
      title: texts.newToken,
      label: texts.userName,
      type: 'line',
      confirm: texts.send,
      dismiss: texts.cancel,
    });
    const scope = name === undefined ? undefined : await this.#askScope(texts.newToken);
    if (name === undefined || scope === undefined) return;
    const { access } = await clientOf(this.context);
    const { text } = await access.createToken({ name: name.trim(), scope });
    await ask({ title: texts.newToken, detail: texts.tokenOnce, text, choices: [], dismiss: texts.close });
  }

  #askScope(title: string): Promise<string | undefined> {
    const choices = ['read', 'operate', 'admin'].map(scope => ({ label: scope, value: scope }));
    return ask({ title, choices, dismiss: texts.cancel });
  }

  async #load(): Promise<void> {
    const { context } = this;
    const { closing: signal } = context;
    try {
      const { models, access, variables } = await clientOf(context);
      this.#upstreams = (await models.listUpstreams({}, { signal })).upstreams;
      const people = Promise.all([
        variables.listVariables({}, { signal }),
        access.listLogins({}, { signal }),
        access.listTokens({}, { signal }),
        access.listSessions({}, { signal }),
      ]);
      // Who may not look after them sees the rest.
      this.#people = await people.then(
        ([own, { logins }, { tokens }, { sessions }]) => ({ variables: own.variables, logins, tokens, sessions }),
        () => undefined,
      );
      this.#failure = '';
    } catch (error) {
      this.#failure = errorMessage(error);
    }
    this.requestUpdate();
  }
}

function section(title: string, rows: readonly TemplateResult[], action?: TemplateResult): TemplateResult {
  return html`<section class="settings-section" aria-label=${title}>
    <h2>${title}</h2>
    ${
      rows.length === 0
        ? html`<p class="dim">${texts.none}</p>`
        : html`<ul class="settings-rows">
            ${rows}
          </ul>`
    }
    ${action ?? nothing}
  </section>`;
}

function row(name: string, kind: string, state: string, ...actions: readonly TemplateResult[]): TemplateResult {
  return html`<li>
    <span class="settings-name">${name}</span>
    <span class="dim">${kind}</span>
    <span class="settings-state">${state}</span>
    <span class="settings-actions">${actions}</span>
  </li>`;
}

function day(at: bigint): string {
  return at === 0n ? texts.never : new Date(Number(at)).toLocaleDateString();
}

customElements.define('muster-settings', SettingsPage);
