import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concludingDigest, digestEvent, emptyDigest } from '../../../../src/core/runs/runDigest.js';
import { createProviderRegistry } from '../../../../src/core/agents/providerRegistry.js';

/**
 * What the real CLIs printed, recorded by test/support/agents/record.ts, and what Muster makes of it. Beside each
 * recording: `.exit.json` is how the process ended, `.events.json` what is expected.
 */
const fixtures = join(import.meta.dirname, '../../../fixtures/transcripts');

describe.each(['claude', 'codex', 'gemini', 'opencode'])('a recorded run of %s', name => {
  const provider = createProviderRegistry(new Map()).get(name);
  const folder = join(fixtures, name);
  const recordings = readdirSync(folder)
    .filter(file => file.endsWith('.ndjson'))
    .map(file => file.replace('.ndjson', ''));

  it.each(recordings)('%s', async recording => {
    const lines = readFileSync(join(folder, `${recording}.ndjson`), 'utf8')
      .split('\n')
      .slice(0, -1);
    const events = lines.flatMap(line => provider.parse(line));
    const exit = JSON.parse(readFileSync(join(folder, `${recording}.exit.json`), 'utf8')) as RecordedExit;
    const digest = events.reduce(digestEvent, emptyDigest);
    const conclusion = provider.conclude(
      { code: exit.code ?? undefined, signal: exit.signal ?? undefined },
      concludingDigest(digest, exit.stderrTail),
    );
    const expected = join(folder, `${recording}.events.json`);
    await expect(`${JSON.stringify({ events, conclusion }, undefined, 2)}\n`).toMatchFileSnapshot(expected);
  });
});

interface RecordedExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderrTail: string;
}
