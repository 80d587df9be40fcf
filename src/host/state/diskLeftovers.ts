import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isId, type RunId } from '../../base/ids.js';
import type { Leftover, LeftoverRun, Leftovers } from '../../core/threads/recovery.js';
import { readForeignFile } from '../../node/foreignFile.js';
import { JsonFields } from '../../base/jsonFields.js';
import { jsonValue } from '../../base/jsonObject.js';
import { namesIn } from '../../node/looks.js';

/** As long as the longest task. */
const longestPrompt = 4 * 1024 * 1024;
const longestSpec = 256 * 1024;

/** Worktrees and run directories as they stand on the disk. */
export class DiskLeftovers implements Leftovers {
  readonly #stateDir: string;
  readonly #worktreesDir: string;

  constructor(options: { readonly stateDir: string; readonly worktreesDir: string }) {
    this.#stateDir = options.stateDir;
    this.#worktreesDir = options.worktreesDir;
  }

  async list(): Promise<readonly Leftover[]> {
    const runs = await this.runs();
    const found: Leftover[] = [];
    for (const threadId of await namesIn(this.#worktreesDir)) {
      if (!isId<'thread'>(threadId)) continue;
      for (const directory of await namesIn(join(this.#worktreesDir, threadId))) {
        const path = join(this.#worktreesDir, threadId, directory);
        if (!(await lstat(path)).isDirectory()) continue;
        found.push({ threadId, path, directory, runs: runs.get(threadId) ?? [] });
      }
    }
    return found;
  }

  async runs(): Promise<ReadonlyMap<string, readonly LeftoverRun[]>> {
    const oldestFirst = (await this.#runs()).toSorted((a, b) => a.at - b.at);
    return Map.groupBy(oldestFirst, run => run.thread);
  }

  async #runs(): Promise<readonly (LeftoverRun & { readonly thread: string })[]> {
    const folder = join(this.#stateDir, 'runs');
    const found = [];
    for (const id of await namesIn(folder)) {
      const run = isId<'run'>(id) ? await readRun(join(folder, id), id) : undefined;
      if (run) found.push(run);
    }
    return found;
  }
}

async function readRun(path: string, id: RunId): Promise<(LeftoverRun & { readonly thread: string }) | undefined> {
  const spec = await readForeignFile(join(path, 'spec.json'), { maxBytes: longestSpec });
  const prompt = await readForeignFile(join(path, 'prompt.txt'), { maxBytes: longestPrompt });
  if (spec.kind !== 'file' || spec.truncated) return undefined;
  const said = new JsonFields(jsonValue(spec.bytes.toString('utf8')));
  const [thread, agent] = [said.text('thread'), said.text('agent')];
  if (thread === undefined || agent === undefined) return undefined;
  const text = prompt.kind === 'file' ? prompt.bytes.toString('utf8') : '';
  return { id, thread, agent, prompt: text, at: spec.modifiedAt };
}
