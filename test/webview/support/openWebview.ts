import { chromium, type Browser, type Page } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRepository } from '../../../src/build/paths.ts';
import { accessibilityProblems } from './accessibility.js';
import type { WebviewName, WebviewServer } from './webviewServer.js';

export type Theme = 'dark' | 'light' | 'highContrast' | 'highContrastLight';

export const themes: readonly Theme[] = ['dark', 'light', 'highContrast', 'highContrastLight'];

const bodyClasses: Readonly<Record<Theme, string>> = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  highContrast: 'vscode-high-contrast',
  highContrastLight: 'vscode-high-contrast vscode-high-contrast-light',
};

/** Colours of VS Code's own default themes, as its workbench sets them. */
const variables = JSON.parse(readFileSync(inRepository('test', 'webview', 'themeVariables.json'), 'utf8')) as Readonly<
  Record<Theme, Readonly<Record<string, string>>>
>;

/** Starts the browser that the machine has. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['MUSTER_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A webview in a browser tab, with the extension played by the test. */
export interface OpenWebview<In, Out> {
  readonly page: Page;
  /** Sends what the extension would send, in order. */
  send(...messages: readonly In[]): Promise<void>;
  /** Everything that the view has posted so far. */
  posted(): Promise<readonly Out[]>;
  /** Resolves with the first posted message of that type. */
  waitForPosted(type: string): Promise<Out>;
  /** Violations of the content security policy and errors of the page, up to the first picture or check by axe: those add styles. */
  problems(): Promise<readonly string[]>;
  /** What axe finds wrong, one line each. */
  accessibilityProblems(): Promise<readonly string[]>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a view in a fresh browser context, as VS Code would show it in a theme; waits until it says `ready`. */
export async function openWebview<In, Out>(options: {
  readonly browser: Browser;
  readonly server: WebviewServer;
  readonly view: WebviewName;
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  readonly reducedMotion?: boolean;
}): Promise<OpenWebview<In, Out>> {
  const { browser, server, view, theme = 'dark', width = 1200, height = 760, reducedMotion = true } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.addInitScript(pretendToBeVsCode, { variables: variables[theme], bodyClass: bodyClasses[theme] });
  await page.goto(server.url(view));
  await page.waitForFunction(() => window.posted.some(message => message.type === 'ready'));
  await page.evaluate(() => document.fonts.ready);
  let settled: readonly string[] | undefined;
  const problems = async (): Promise<readonly string[]> =>
    settled ?? [...errors, ...(await page.evaluate(() => window.violations))];
  return {
    page,
    send: async (...messages) => {
      for (const message of messages) await page.evaluate(data => window.postMessage(data, '*'), message);
      await settle(page);
    },
    posted: () => page.evaluate(() => window.posted as unknown as Out[]),
    waitForPosted: async type => {
      const handle = await page.waitForFunction(wanted => window.posted.find(message => message.type === wanted), type);
      return (await handle.jsonValue()) as Out;
    },
    problems,
    accessibilityProblems: async () => {
      settled = await problems();
      return accessibilityProblems(page);
    },
    screenshot: async name => {
      settled = await problems();
      const folder = inRepository('out', 'screenshots');
      await mkdir(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
    },
    close: () => context.close(),
  };
}

/** Two frames: every message was handled, drawn and measured. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>(resolve => {
        setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
      }),
  );
}

declare global {
  interface Window {
    posted: { readonly type: string }[];
    violations: string[];
    acquireVsCodeApi: () => unknown;
  }
}

/** Runs in the page before its own script: the API, theme variables and body classes of a VS Code webview. */
function pretendToBeVsCode(theme: { variables: Readonly<Record<string, string>>; bodyClass: string }): void {
  window.posted = [];
  window.violations = [];
  document.addEventListener('securitypolicyviolation', event => {
    window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });
  window.acquireVsCodeApi = () => ({
    postMessage: (message: { readonly type: string }) => void window.posted.push(message),
    getState: (): unknown => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
    setState: (state: unknown) => sessionStorage.setItem('state', JSON.stringify(state)),
  });
  const apply = (): void => {
    for (const [name, value] of Object.entries(theme.variables))
      document.documentElement.style.setProperty(name, value);
    document.body.className = theme.bodyClass;
    document.body.dataset['vscodeThemeKind'] = theme.bodyClass.split(' ')[0] ?? '';
  };
  document.addEventListener('DOMContentLoaded', apply);
}
