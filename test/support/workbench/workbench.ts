import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { startCodeServer } from '../../../src/build/codeServerProcess.ts';
import { inRepository } from '../../../src/build/paths.ts';
import { launchBrowser } from './browser.ts';
import { endHost } from './endHost.ts';

export interface WorkbenchOptions {
  /** Absolute path of the folder to open. */
  readonly folder: string;
  /** Environment of the extension host, over that of the test. */
  readonly env?: NodeJS.ProcessEnv;
  /** User settings, over those that keep the workbench quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Let VS Code ask whether the folder is trusted; default: it is. */
  readonly askForTrust?: boolean;
}

/** A VS Code window as a person sees it: fresh profile, the packaged extension, one folder open. */
export interface Workbench extends AsyncDisposable {
  readonly page: Page;
  /** `MUSTER_HOME` of the extension in this window. */
  readonly stateDir: string;
  /** Runs a command by the title that the palette shows, e.g. `Muster: Show Board`. */
  runCommand(title: string): Promise<void>;
  /** The palette's entries for what was typed, best first. */
  paletteEntries(typed: string): Promise<readonly string[]>;
  /** The rows of the view with this title, by their accessible names, top to bottom. */
  treeRows(view: string): Promise<readonly string[]>;
  /** The row whose accessible name or drawn text contains a text. */
  treeRow(view: string, text: string): Locator;
  /** Waits until the editor area shows a tab whose title contains a text. */
  waitForTab(title: string): Promise<void>;
  /** Writes `out/screenshots/<name>.png`. */
  screenshot(name: string): Promise<void>;
}

const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  // Would lie over what is pressed.
  'muster.notifications.ready': 'off',
  'telemetry.telemetryLevel': 'off',
  'git.openRepositoryInParentFolders': 'never',
  'window.dialogStyle': 'custom',
  'editor.accessibilitySupport': 'off',
};

/** Opens a window. The extension was installed by the suite's global set-up. */
export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  await using resources = new AsyncDisposableStack();
  const scratch = await mkdtemp(join(tmpdir(), 'muster-workbench-'));
  resources.defer(() => rm(scratch, { recursive: true, force: true, maxRetries: 10 }));
  const stateDir = join(scratch, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  resources.defer(() => endHost(stateDir));
  const extensionsDir = process.env['MUSTER_TEST_EXTENSIONS'];
  if (!extensionsDir) throw new Error('MUSTER_TEST_EXTENSIONS is not set; the suite lacks its global set-up');
  const directories = {
    userDataDir: join(scratch, 'user-data'),
    extensionsDir,
    env: { ...process.env, MUSTER_HOME: stateDir, ...options.env },
    askForTrust: options.askForTrust ?? false,
  };
  const settings = join(directories.userDataDir, 'User', 'settings.json');
  await mkdir(dirname(settings), { recursive: true });
  await writeFile(settings, JSON.stringify({ ...quietSettings, ...options.settings }));
  const server = resources.use(await startCodeServer(directories));
  const browser = await launchBrowser();
  resources.defer(() => browser.close());
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page.setDefaultTimeout(30_000);
  await page.goto(`${server.url}/?folder=${encodeURIComponent(options.folder)}`);
  await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 });
  // The explorer shows the folder's files only once the extension host's file system answers.
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 60_000 });
  const owned = resources.move();
  return { page, stateDir, ...actionsOn(page), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Tries until it is so; benchmarks use this file, too, without a test runner around them. */
async function until(page: Page, what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await check()) return;
    } catch (error) {
      last = error;
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`In vain, after 30 s: ${what}`, { cause: last });
}

function actionsOn(page: Page) {
  const palette = page.locator('.quick-input-widget');
  const openPalette = async (typed: string, timeout = 30_000) => {
    await page.keyboard.press('F1');
    const input = palette.locator('input').first();
    await input.waitFor({ state: 'visible', timeout });
    await input.fill(`>${typed}`, { timeout });
    await palette.locator('.monaco-list-row').first().waitFor({ timeout });
  };
  const view = (title: string) => page.locator(`.split-view-view:has(.pane-header[aria-label^="${title} Section"])`);
  return {
    async runCommand(title: string): Promise<void> {
      const entry = palette.locator(`.monaco-list-row[aria-label^="${title}"]`).first();
      // The palette does not grow while it is open, and an extension's commands come a moment after the window.
      await until(page, `the palette offers "${title}"`, async () => {
        // Not for long: what was clicked just before may take the focus only now, which closes the palette.
        await openPalette(title, 3_000);
        return entry.isVisible();
      });
      await entry.click();
    },
    async paletteEntries(typed: string): Promise<readonly string[]> {
      await openPalette(typed);
      const rows = palette.locator('.monaco-list-row');
      const labels = await rows.evaluateAll(found => found.map(row => row.getAttribute('aria-label') ?? ''));
      await page.keyboard.press('Escape');
      return labels;
    },
    async treeRows(title: string): Promise<readonly string[]> {
      return view(title)
        .locator('.monaco-list-row')
        .evaluateAll(rows => rows.map(row => row.getAttribute('aria-label') ?? row.textContent ?? ''));
    },
    treeRow(title: string, text: string): Locator {
      // A long title is cut where the row is drawn, and whole in its name.
      const named = view(title).locator(`.monaco-list-row[aria-label*=${JSON.stringify(text)}]`);
      return named.or(view(title).locator('.monaco-list-row', { hasText: text })).first();
    },
    async waitForTab(title: string): Promise<void> {
      await page.locator('.tabs-container .tab', { hasText: title }).first().waitFor();
    },
    async screenshot(name: string): Promise<void> {
      if (!/^[\w-]+$/.test(name)) throw new Error(`${name} is no name of a picture`);
      await page.screenshot({ path: inRepository('out', 'screenshots', `${name}.png`) });
    },
  };
}
