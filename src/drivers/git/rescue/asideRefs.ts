import { isId } from '../../../base/ids.js';
import type { Aside } from '../../../core/workspaces/rescueDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import { carriedRefs } from '../repository/carryChanges.js';
import { checkoutRefs } from '../repository/checkoutState.js';

/** `<prefix>/<run>`: what a reader changed (`threadSettler.ts`); `<prefix>/<run>-<thread>`: what was merged when a run began (`freshStart.ts`). */
const readersRefs = 'refs/muster/aside';

const places = [readersRefs, checkoutRefs, carriedRefs];

/** What was put aside in a repository, by the time of its commit. */
export async function listAsides(git: RepositoryGit): Promise<readonly Aside[]> {
  const format = '--format=%(refname)%00%(objectname)%00%(committerdate:unix)%00';
  const output = await git.run({ args: ['for-each-ref', format, ...places], reads: true });
  const fields = output.fields();
  const found: Aside[] = [];
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const ref = (fields[i] ?? '').trim();
    const [run = '', thread, ...more] = ref.startsWith(`${readersRefs}/`)
      ? ref.slice(readersRefs.length + 1).split('-')
      : [];
    const at = Number(fields[i + 2]) * 1000;
    // Whoever made a ref of another form, or of something that is no commit, looks after it.
    const isOurs =
      run === '' || (isId<'run'>(run) && (thread === undefined || isId<'thread'>(thread)) && more.length === 0);
    if (!Number.isFinite(at) || at === 0 || !isOurs) continue;
    found.push({ ref, commit: fields[i + 1] ?? '', at, ...(isId<'run'>(run) ? { run } : {}) });
  }
  return found;
}

export async function dropAside(git: RepositoryGit, ref: string): Promise<void> {
  if (!places.some(place => ref.startsWith(`${place}/`))) return;
  await git.run({ args: ['update-ref', '-d', ref] });
}
