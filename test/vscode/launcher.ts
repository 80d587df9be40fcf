#!/usr/bin/env node
/**
 * Behaves like the VS Code executable that `@vscode/test-electron` expects, with code-server and Chromium inside: takes
 * `--extensionDevelopmentPath`, `--extensionTestsPath`, `--user-data-dir` and a folder, runs the tests in a real extension
 * host, and ends with their exit code. `MUSTER_VSCODE_VERBOSE=1` shows what the workbench logs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCodeServer } from '../../src/build/codeServerProcess.ts';
import { launchBrowser } from '../support/workbench/browser.ts';

/** The tests have time limits of their own; this one ends a workbench that never began to run them. */
const limitMs = 20 * 60_000;

const { values, positionals } = parseArgs({
  options: {
    'extensionDevelopmentPath': { type: 'string' },
    'extensionTestsPath': { type: 'string' },
    'user-data-dir': { type: 'string' },
    'extensions-dir': { type: 'string' },
  },
  allowPositionals: true,
  strict: false,
});

process.exitCode = await run();

async function run(): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'muster-vscode-'));
  try {
    await using server = await startCodeServer({
      userDataDir: text('user-data-dir') ?? join(scratch, 'user-data'),
      extensionsDir: text('extensions-dir') ?? join(scratch, 'extensions'),
      args: ['--vscode-option', 'enable-smoke-test-driver'],
    });
    return await runInBrowser(server.url);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runInBrowser(url: string): Promise<number> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(
      () => reject(new Error(`VS Code was not done after ${limitMs / 60_000} minutes`)),
      limitMs,
    );
    await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) => {
      if (process.env['MUSTER_VSCODE_VERBOSE']) console.error(`[${type}] ${args.map(arg => String(arg)).join(' ')}`);
    });
    await page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
    page.on('crash', () => reject(new Error('the browser page crashed')));
    await page.goto(workbenchUrl(url));
    return await promise.finally(() => clearTimeout(timer));
  } finally {
    await browser.close();
  }
}

function workbenchUrl(url: string): string {
  const remote = (path: string) => `vscode-remote://remote${path}`;
  const payload = [
    ['extensionDevelopmentPath', remote(text('extensionDevelopmentPath') ?? '')],
    ['extensionTestsPath', remote(text('extensionTestsPath') ?? '')],
  ];
  const query = new URLSearchParams({ payload: JSON.stringify(payload) });
  const folder = positionals[0];
  if (folder) query.set('folder', folder);
  return `${url}/?${query}`;
}

function text(name: keyof typeof values): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
