import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

interface Suite {
  readonly name: string;
  readonly timeoutMs: number;
  readonly parallel?: boolean;
  /** What has to exist before the first test: a module of `test/support/setup`. */
  readonly needs?: 'bundles' | 'programs' | 'vsix' | 'docker' | 'cluster';
  /**
   * Drives programs of others (git, browsers, engines, kernels, CLIs), whose timing is theirs: where nobody watches, what fails
   * is tried once more, and named as such (`retry x1`, and in the list at the end of `npm test`) when it passes then.
   */
  readonly others?: boolean;
}

/** One project per suite of `test/`; the one that runs inside VS Code has a runner of its own. */
function suite({ name, timeoutMs, parallel = true, needs, others = false }: Suite) {
  const alias: Record<string, string> =
    name === 'unit' ? { vscode: join(import.meta.dirname, 'test/support/fakes/fakeVscode.ts') } : {};
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      fileParallelism: parallel,
      retry: others && process.env['CI'] === 'true' ? 1 : 0,
      // Only code that forms texts is unit-tested here; whatever does more runs in the real extension host.
      alias,
      globalSetup: needs ? [`test/support/setup/${needs}.ts`] : [],
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Who waits for a state waits for nothing else: Vitest's own second is over before a busy machine has started a process.
    expect: { poll: { timeout: 60_000 } },
    env: {
      // Nothing that a test starts may ever touch the state of the person who runs it.
      MUSTER_HOME: join(tmpdir(), `muster-test-home-${process.pid}`),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
    },
    projects: [
      suite({ name: 'architecture', timeoutMs: 180_000, needs: 'bundles' }),
      suite({ name: 'unit', timeoutMs: 60_000 }),
      suite({ name: 'contract', timeoutMs: 60_000, others: true }),
      suite({ name: 'integration', timeoutMs: 120_000, others: true }),
      suite({ name: 'protocol', timeoutMs: 180_000, needs: 'programs', others: true }),
      suite({ name: 'notebooks', timeoutMs: 180_000, needs: 'programs', others: true }),
      suite({ name: 'docker', timeoutMs: 180_000, needs: 'docker', others: true }),
      // Its only node is drained and tainted, and its API server started again: whoever runs beside that fails.
      suite({ name: 'cluster', timeoutMs: 180_000, parallel: false, needs: 'cluster', others: true }),
      suite({ name: 'webview', timeoutMs: 120_000, others: true }),
      suite({ name: 'pages', timeoutMs: 180_000, needs: 'bundles', others: true }),
      suite({ name: 'e2e', timeoutMs: 300_000, parallel: false, needs: 'programs', others: true }),
      suite({ name: 'journey', timeoutMs: 300_000, parallel: false, needs: 'vsix', others: true }),
    ],
  },
});
