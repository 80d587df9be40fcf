import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** Each of them throws, or answers with nothing, for a user without an entry, without HOME or in a folder that is gone. */
const asking = /\b(?:homedir|userInfo)\b|\bprocess\.cwd\(\)/g;
/** The demonstration's agent works in the worktree that it was started in. */
const exempt = new Set(['src/node/person.ts', 'src/demo/demoAgent.ts']);

test('who runs this, and where, is asked for in node/person.ts alone', async () => {
  const shipped = (await listFiles('src')).filter(file => file.endsWith('.ts') && !file.startsWith('src/build/'));
  const found: string[] = [];
  for (const file of shipped) {
    if (exempt.has(file)) continue;
    const text = await readFile(inRepository(file), 'utf8');
    found.push(...[...text.matchAll(asking)].map(([name]) => `${file}: ${name}`));
  }
  expect(shipped.length).toBeGreaterThan(500);
  expect(found).toEqual([]);
});
