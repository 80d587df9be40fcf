import type { spawn } from 'node:child_process';
import { expect, onTestFinished, vi } from 'vitest';
import type { TestHome } from './hostProcess.ts';
import type { CleanUps } from './tempDirectory.ts';

/** A host in the foreground that other machines reach. */
export interface Daemon {
  readonly url: string;
  /** Makes a token and returns its text. */
  token(...options: readonly string[]): Promise<string>;
}

/** Starts `muster daemon` with these options; it ends with the test. */
export function startDaemon(home: TestHome, ...options: readonly string[]): Promise<Daemon> {
  return startDaemonWith(home, { options });
}

/** The same with more environment. */
export async function startDaemonWith(
  home: TestHome,
  {
    options,
    env = {},
    cwd,
    cleanUps = onTestFinished,
  }: {
    readonly options: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly cleanUps?: CleanUps;
  },
): Promise<Daemon> {
  let child: ReturnType<typeof spawn> | undefined;
  const ended = home.muster(['daemon', ...options], {
    env,
    ...(cwd !== undefined && { cwd }),
    onStart: started => (child = started),
  });
  cleanUps(async () => {
    child?.kill('SIGTERM');
    await ended;
  });
  const address = async (): Promise<string> => {
    const status = await home.muster(['status', '--json']);
    return status.status === 0 ? ((JSON.parse(status.stdout) as { url?: string }).url ?? '') : '';
  };
  // Not `expect.poll`: a host that many tests share is started before any of them.
  await vi.waitFor(async () => expect(await address()).toMatch(/^https?:/), { timeout: 60_000, interval: 50 });
  return {
    url: await address(),
    token: async (...more) => (await home.muster(['token', 'create', ...more])).stdout.trim(),
  };
}
