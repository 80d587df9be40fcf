import { html, LitElement, type TemplateResult } from 'lit';
import '../board/board.js';
import { icon } from '../shared/icon.js';
import '../threadPage/threadPage.js';
import './changesPage.js';
import './dispatchPage.js';
import { connectSite } from './hostCalls.js';
import { boardPage, complain, threadPage, type ModelPage } from './modelPages.js';
import './settingsPage.js';
import type { SiteContext } from './siteContext.js';
import { parseRoute, pathOf, type SiteRoute } from './siteRoute.js';
import { siteStrings as texts } from './siteStrings.js';

/** Everything that a browser sees of a host: where one can go, and the page that the address names. */
export class SiteApp extends LitElement {
  readonly #ended = new AbortController();
  readonly #context: SiteContext = {
    live: connectSite(logIn),
    closing: this.#ended.signal,
    go: route => this.#go(route),
  };
  #route: SiteRoute = parseRoute(location);
  #page: ModelPage | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('popstate', () => this.#show(parseRoute(location)));
    window.addEventListener('pagehide', event => {
      // A page that the browser keeps for *back* goes on where it was.
      if (!event.persisted) this.#ended.abort();
    });
    window.addEventListener('unhandledrejection', event => void complain(event.reason));
    this.addEventListener('click', this.#onClick);
    this.#show(this.#route);
  }

  protected override render(): TemplateResult {
    return html`<nav class="site-nav" aria-label=${texts.navigation}>
        <a class="site-brand" href="/"><img src="/assets/icon.png" alt="" width="20" height="20" />Muster</a>
        ${this.#link({ page: 'board' }, 'project', texts.board)}
        ${this.#link({ page: 'dispatch', project: '', agent: '' }, 'add', texts.newTask)}
        ${this.#link({ page: 'settings' }, 'gear', texts.settings)}
        <form method="post" action="/logout">
          <button type="submit" title=${texts.logOut}>${icon('sign-out')}<span>${texts.logOut}</span></button>
        </form>
      </nav>
      <div class="site-main">${this.#page?.element}</div>`;
  }

  #link(route: SiteRoute, iconName: string, label: string): TemplateResult {
    const isHere = route.page === this.#route.page;
    return html`<a href=${pathOf(route)} aria-current=${isHere ? 'page' : 'false'} title=${label}
      >${icon(iconName)}<span>${label}</span></a
    >`;
  }

  /** Links of ours change the page without loading it anew; with a key held they do what links do. */
  readonly #onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest('.site-nav a') : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#go(parseRoute(link));
  };

  #go(route: SiteRoute): void {
    history.pushState(null, '', pathOf(route));
    this.#show(route);
  }

  #show(route: SiteRoute): void {
    this.#page?.close();
    this.#route = route;
    document.title = 'Muster';
    this.#page = this.#open(route);
    this.requestUpdate();
  }

  #open(route: SiteRoute): ModelPage {
    const context = this.#context;
    switch (route.page) {
      case 'board':
        return boardPage(context);
      case 'thread': {
        const onTitle = (title: string): void => void (document.title = `${title} · Muster`);
        return threadPage(context, { threadId: route.threadId, onTitle });
      }
      case 'changes':
        return plainPage('muster-changes', { context, ...route });
      case 'dispatch':
        return plainPage('muster-dispatch', { context, ...route });
      case 'settings':
        return plainPage('muster-settings', { context });
    }
  }
}

/** A page without a model: it asks the host itself. */
function plainPage(name: string, properties: object): ModelPage {
  return { element: Object.assign(document.createElement(name), properties), close: () => undefined };
}

/** Back to where the person is, once they have logged in. */
function logIn(): void {
  location.assign(`/login?next=${encodeURIComponent(`${location.pathname}${location.search}`)}`);
}

customElements.define('muster-site', SiteApp);
