import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Landing, LandingJournal } from '../../src/core/merges/landing.js';

/** The journal of landings in files, for a driver that runs without a database and may be killed. */
export function fileJournal(stateDir: string): LandingJournal {
  const folder = join(stateDir, 'landings');
  const fileOf = (merge: string): string => join(folder, `${merge}.json`);
  const read = (name: string): Landing[] => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as Landing];
    } catch {
      return [];
    }
  };
  return {
    get: merge => read(`${merge}.json`)[0],
    save(landing) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${fileOf(landing.merge)}.new`, JSON.stringify(landing));
      renameSync(`${fileOf(landing.merge)}.new`, fileOf(landing.merge));
    },
    remove: merge => rmSync(fileOf(merge), { force: true }),
    unfinished() {
      mkdirSync(folder, { recursive: true });
      const names = readdirSync(folder).filter(name => name.endsWith('.json'));
      return names.flatMap(read).filter(({ step }) => step !== 'done');
    },
  };
}
