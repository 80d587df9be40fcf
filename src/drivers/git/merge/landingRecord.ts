import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitContext } from '../command/gitContext.js';

/**
 * What is about to happen to a target, written down before it happens. A host that is killed in between finds it again
 * under the request's id: the landing is then finished or undone. Kept afterwards too, since the host may be killed
 * before it has stored the outcome; records older than a month are removed.
 */
export interface LandingRecord {
  readonly target: string;
  /** The target's commit before and after. */
  readonly from: string;
  readonly to: string;
  /** The checkout that moves along, if the target was checked out. */
  readonly checkout: string | undefined;
  /** Ms since the epoch. */
  readonly at: number;
}

const keptMs = 30 * 24 * 3600_000;

export async function writeLanding({ stateDir }: GitContext, id: string, record: LandingRecord): Promise<void> {
  const file = fileOf(stateDir, id);
  await mkdir(folderOf(stateDir), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

export async function readLanding({ stateDir }: GitContext, id: string): Promise<LandingRecord | undefined> {
  const text = await readFile(fileOf(stateDir, id), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const [target, from, to, at] = ['target', 'from', 'to', 'at'].map(name => fields.get(name));
  const checkout = fields.get('checkout');
  if (typeof target !== 'string' || typeof from !== 'string' || typeof to !== 'string' || typeof at !== 'number') {
    return undefined;
  }
  return { target, from, to, at, checkout: typeof checkout === 'string' ? checkout : undefined };
}

export async function removeLanding({ stateDir }: GitContext, id: string): Promise<void> {
  await rm(fileOf(stateDir, id), { force: true });
}

/** Removes records that no host can still be waiting for. */
export async function sweepLandings({ stateDir, clock }: GitContext): Promise<void> {
  const folder = folderOf(stateDir);
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && clock.now() - found.mtimeMs > keptMs) await rm(join(folder, name), { force: true });
  }
}

function folderOf(stateDir: string): string {
  return join(stateDir, 'landings');
}

/** Ids come from outside this driver: only their digest becomes a name. */
function fileOf(stateDir: string, id: string): string {
  return join(folderOf(stateDir), `${createHash('sha256').update(id).digest('hex')}.json`);
}
