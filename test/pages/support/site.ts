import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { inRepository } from '../../../src/build/paths.ts';
import { startDaemonWith, type Daemon } from '../../support/daemon.ts';
import { testHome, testRepository, type TestHome } from '../../support/hostProcess.ts';
import type { CleanUps } from '../../support/tempDirectory.ts';
import { accessibilityProblems } from '../../webview/support/accessibility.ts';

/** The widths of a desk, a tablet and a phone. */
export const widths = { desk: 1440, tablet: 1024, phone: 390 } as const;
export type Width = keyof typeof widths;
export type Scheme = 'dark' | 'light';

export const password = 'correct horse';

/** One agent that edits a file of code and adds another one, as the shell does it. */
const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "sleep 0.2; sed -i 's/water(/WATER(/' garden.ts; echo \\"const at = $(date +%s%N);\\" >>garden.ts; echo '# Tomatoes' >tomatoes.md; echo planted"]}
  slow: {command: sh, args: ["-c", "echo begun; while ! [ -e go ]; do sleep 0.1; done; echo ended"]}
agents:
  gardener: {provider: shell, scheduler: {triggers: [{name: hourly, interval: 10h, prompt: Water the roses}]}}
  waiter: {provider: slow}
`;

const garden = `/** Waters what is dry. */
export function water(plants: readonly string[]): number {
  return plants.filter(plant => plant !== '').length;
}
`;

/** A host that listens, with an applied project and a user called ada. */
export interface Site {
  readonly home: TestHome;
  readonly daemon: Daemon;
  readonly repository: string;
  /** Gives a task and waits until it has settled; returns the thread. */
  dispatch(prompt: string): Promise<string>;
}

/** Starts what ships. */
export async function startSite(
  cleanUps: CleanUps,
  {
    env = {},
    agents = '',
    files = {},
  }: {
    readonly env?: Readonly<Record<string, string>>;
    /** More agents of the compose file. */
    readonly agents?: string;
    /** More files of the repository. */
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Promise<Site> {
  const dist = inRepository('dist');
  const programs = { folder: dist, host: join(dist, 'host.js'), cli: join(dist, 'cli.js') };
  const home = testHome(programs, { cleanUps });
  const repository = testRepository(
    { 'agent-compose.yml': file + agents, 'garden.ts': garden, ...files },
    { cleanUps },
  );
  const daemon = await startDaemonWith(home, { options: ['--listen', '127.0.0.1:0'], env, cleanUps });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  expect(await home.muster(['password', 'set', 'ada'], { input: `${password}\n` })).toMatchObject({ status: 0 });
  return {
    home,
    daemon,
    repository,
    async dispatch(prompt) {
      const dispatched = await home.muster(['dispatch', 'gardener', prompt, '--wait', '--json'], { cwd: repository });
      expect(dispatched).toMatchObject({ status: 0 });
      return (JSON.parse(dispatched.stdout) as { thread_id: string }).thread_id;
    },
  };
}

/** A browser in front of the host, which nobody has logged in with yet. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page or its policy complained about, up to the first look by axe: that adds styles. */
  problems(): Promise<readonly string[]>;
  /** Checks with axe and takes a picture. */
  look(name: string): Promise<void>;
  logIn(path?: string): Promise<void>;
  /** Takes back what was complained about and is meant. */
  forgive(what: RegExp): void;
}

export async function visit(
  browser: Browser,
  { daemon }: Site,
  { width = 'desk', scheme = 'dark' }: { readonly width?: Width; readonly scheme?: Scheme } = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: widths[width], height: width === 'phone' ? 844 : 900 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    baseURL: daemon.url,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { policyViolations: violations });
    document.addEventListener('securitypolicyviolation', event =>
      violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`),
    );
  });
  let settled: readonly string[] | undefined;
  const problems = async (): Promise<readonly string[]> =>
    settled ?? [
      ...errors,
      ...(await page.evaluate(() => (window as unknown as { policyViolations: string[] }).policyViolations)),
    ];
  return {
    context,
    page,
    problems,
    forgive: what => void errors.splice(0, errors.length, ...errors.filter(text => !what.test(text))),
    async look(name) {
      settled = await problems();
      await page.evaluate(() => document.fonts.ready);
      const folder = inRepository('out', 'screenshots');
      await mkdir(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `pages-${name}-${width}-${scheme}.png`), animations: 'disabled' });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(widths[width]);
      expect(await accessibilityProblems(page)).toEqual([]);
      settled = undefined;
      errors.length = 0;
      await page.evaluate(() => ((window as unknown as { policyViolations: string[] }).policyViolations.length = 0));
    },
    async logIn(path = '/') {
      await page.goto(path);
      await page.getByLabel('User').fill('ada');
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await page.waitForURL(url => url.pathname === new URL(path, daemon.url).pathname);
    },
  };
}
