import { expect } from 'vitest';
import type { TestHome } from '../hostProcess.ts';

/** What `muster ps --json` says of a thread, as far as these tests look. */
interface ThreadJson {
  readonly thread_id: string;
  readonly status: string;
  readonly latest_run: {
    readonly status: string;
    readonly error?: { readonly code: string; readonly message: string };
    readonly input_tokens?: number;
    readonly output_tokens?: number;
    readonly cost_usd?: number;
  };
}

export async function threadOf(home: TestHome, repository: string, thread: string): Promise<ThreadJson> {
  const listed = (await home.musterJson(['ps', '--all'], { cwd: repository })) as { readonly threads: ThreadJson[] };
  const entry = listed.threads.find(candidate => candidate.thread_id === thread);
  if (!entry) throw new Error(`No thread ${thread}`);
  return entry;
}

/** Dispatches to the agent `dev`, waits until the thread has settled, and returns its id. */
export async function dispatchAndWait(home: TestHome, repository: string, args: readonly string[]): Promise<string> {
  // Options first: the arguments may end with `--` and a prompt.
  const called = await home.muster(['dispatch', 'dev', '--json', ...args], { cwd: repository });
  expect(called, called.stderr).toMatchObject({ status: 0 });
  const sent = JSON.parse(called.stdout) as { readonly thread_id: string };
  const waited = await home.muster(['wait', sent.thread_id, '--timeout', '150'], { cwd: repository });
  expect(waited, waited.stderr).toMatchObject({ status: 0 });
  return sent.thread_id;
}
