import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** One project per suite of `test/`; the suites that need VS Code or a browser have runners of their own. */
function suite({ name, timeoutMs, parallel = true }: { name: string; timeoutMs: number; parallel?: boolean }) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      fileParallelism: parallel,
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    env: {
      // Nothing that a test starts may ever touch the state of the person who runs it.
      MUSTER_HOME: join(tmpdir(), `muster-test-home-${process.pid}`),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
    },
    projects: [
      suite({ name: 'architecture', timeoutMs: 180_000 }),
      suite({ name: 'unit', timeoutMs: 10_000 }),
      suite({ name: 'contract', timeoutMs: 60_000 }),
      suite({ name: 'integration', timeoutMs: 120_000 }),
      suite({ name: 'protocol', timeoutMs: 180_000 }),
      suite({ name: 'e2e', timeoutMs: 300_000, parallel: false }),
    ],
  },
});
