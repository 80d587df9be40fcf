import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { MergeId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import type { Store } from '../store.js';
import { partVariables } from '../threads/part.js';
import type { CommandShell } from '../commands/commandShell.js';
import type { MergeCheck } from './mergeCheck.js';
import type { MergeCandidate, MergeRequest, NotMerged } from './mergeDriver.js';
import type { MergeStores } from './mergeStore.js';

/** Port: files of a commit in a folder of their own, on no branch. */
export interface CandidateCheckouts {
  /** Errors: `git.failed`, `worktree.failed`. */
  make(request: MergeRequest, commit: string, signal: AbortSignal): Promise<CandidateCheckout>;
  /** The merges of which killed hosts left a folder, or that are being verified. */
  left(): Promise<readonly MergeId[]>;
  /** Removes what a killed host left of one; its registration goes with the next look after the repository. */
  discard(merge: MergeId): Promise<void>;
}

export interface CandidateCheckout {
  readonly path: string;
  /** Removes folder and registration, and never rejects. */
  remove(): Promise<void>;
}

/** What a repository would be, with the commands that must succeed in it. */
export interface VerifiedTree {
  readonly request: MergeRequest;
  readonly commit: string;
  readonly commands: readonly string[];
  /** What the compose file calls the repository; empty for the project's. */
  readonly name: string;
}

/** Something that fails once and then goes through says nothing about the merge; twice is no accident. */
const attempts = 2;

export interface CandidateVerifierOptions {
  readonly store: Store<MergeStores>;
  readonly clock: Clock;
  readonly log: Log;
  readonly checkouts: CandidateCheckouts;
  readonly shell: CommandShell;
}

/** Runs the verify commands on exactly what would become the target. Red means not merged. */
export class CandidateVerifier {
  readonly #options: CandidateVerifierOptions;

  constructor(options: CandidateVerifierOptions) {
    this.#options = options;
  }

  /** Why the candidate must not land; undefined when every command succeeded, if need be on a second try. */
  async verify(
    request: MergeRequest,
    { candidate, commands }: { readonly candidate: MergeCandidate; readonly commands: readonly string[] },
    signal: AbortSignal,
  ): Promise<NotMerged | undefined> {
    const red = await this.verifyTogether([{ request, commit: candidate.to, commands, name: '' }], signal);
    return red?.outcome;
  }

  /**
   * The same for several repositories: each command finds the others' trees by the variables that runs have, and one that fails
   * keeps all of them from landing.
   */
  async verifyTogether(
    trees: readonly VerifiedTree[],
    signal: AbortSignal,
  ): Promise<{ readonly by: MergeId; readonly outcome: NotMerged } | undefined> {
    if (trees.every(({ commands }) => commands.length === 0)) return undefined;
    for (const { request } of trees) await this.#endLeftovers(request.id);
    let failed: MergeCheck | undefined;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      failed = await this.#attempt(trees, attempt, signal);
      if (failed === undefined) return undefined;
    }
    return failed && { by: failed.merge, outcome: refused(failed) };
  }

  /** Once at the start of a host: ends and removes what killed ones left of merges that will not be verified again. */
  async sweep(): Promise<void> {
    const { store, checkouts, log } = this.#options;
    const active = new Set(store.read(stores => stores.merges.active()).map(({ id }) => id));
    for (const merge of await checkouts.left()) {
      if (active.has(merge)) continue;
      await this.#endLeftovers(merge);
      await checkouts
        .discard(merge)
        .catch((error: unknown) =>
          log.warn('A folder of a verified merge could not be removed', { merge, reason: errorMessage(error) }),
        );
    }
  }

  /** What failed at first and then went through, for the merge that lands all the same. */
  flaky(merge: MergeId, candidate: string): string | undefined {
    const checks = this.#options.store.read(stores => stores.checks.ofMerge(merge));
    const failed = checks.find(check => check.candidate === candidate && check.exitCode !== 0);
    return failed && `\`${failed.command}\` failed once and passed on the second try: it is flaky.`;
  }

  async #endLeftovers(merge: MergeId): Promise<void> {
    const { shell, log } = this.#options;
    try {
      await shell.endLeftovers(merge);
    } catch (error) {
      log.warn('A verify command of an earlier host goes on', { merge, reason: errorMessage(error) });
    }
  }

  async #attempt(
    trees: readonly VerifiedTree[],
    attempt: number,
    signal: AbortSignal,
  ): Promise<MergeCheck | undefined> {
    const { checkouts } = this.#options;
    // New folders each time: what a failed command left must not decide the second try.
    const made: { readonly tree: VerifiedTree; readonly checkout: CandidateCheckout }[] = [];
    try {
      for (const tree of trees) made.push({ tree, checkout: await checkouts.make(tree.request, tree.commit, signal) });
      const places = placesOf(made.map(({ tree: { name }, checkout: { path } }) => ({ name, path })));
      for (const { tree, checkout } of made) {
        for (const command of tree.commands) {
          const again = attempt === 1 ? '' : ' once more, because it failed';
          const where = tree.name === '' ? '' : ` in ${tree.name}`;
          trees[0]?.request.onNotice?.(`Verifying${where}${again}: ${command}`);
          const run = { command, attempt, candidate: tree.commit, cwd: checkout.path, places };
          const check = await this.#run(tree.request, run, signal);
          if (check.exitCode !== 0) return check;
        }
      }
      return undefined;
    } finally {
      trees[0]?.request.onNotice?.('');
      for (const { checkout } of made) await checkout.remove();
    }
  }

  async #run(
    request: MergeRequest,
    {
      cwd,
      places,
      ...what
    }: Pick<MergeCheck, 'command' | 'attempt' | 'candidate'> & {
      readonly cwd: string;
      readonly places: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ): Promise<MergeCheck> {
    const { store, clock, shell, log } = this.#options;
    const variables = {
      ...places,
      MUSTER_MERGE_ID: request.id,
      MUSTER_MERGE_TARGET: request.target,
      MUSTER_MERGE_COMMIT: what.candidate,
    };
    const begun: MergeCheck = {
      ...what,
      merge: request.id,
      number: store.read(stores => stores.checks.ofMerge(request.id)).length + 1,
      output: '',
      truncated: false,
      startedAt: clock.now(),
    };
    store.transact(stores => stores.checks.save(begun));
    try {
      const end = await shell.run({ command: what.command, mark: request.id, cwd, variables }, signal);
      const check = { ...begun, ...end, endedAt: clock.now() };
      store.transact(stores => stores.checks.save(check));
      return check;
    } catch (error) {
      signal.throwIfAborted();
      log.warn('A verify command could not be run', { merge: request.id, reason: errorMessage(error) });
      const check = { ...begun, output: errorMessage(error), endedAt: clock.now() };
      store.transact(stores => stores.checks.save(check));
      return check;
    }
  }
}

/** Nothing for one repository alone: its commands are started in it. */
function placesOf(
  trees: readonly { readonly name: string; readonly path: string }[],
): Readonly<Record<string, string>> {
  const own = trees.find(({ name }) => name === '');
  const others = trees.filter(({ name }) => name !== '');
  if (others.length === 0) return {};
  return { ...(own && { MUSTER_WORKTREE: own.path }), ...partVariables(others) };
}

function refused({ command, exitCode, signal, output }: MergeCheck): NotMerged {
  const how =
    exitCode === undefined
      ? signal === undefined
        ? 'could not be run'
        : `was ended by ${signal}`
      : `ended with status ${exitCode}`;
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const said = last === '' ? '' : ` It said last: ${last.slice(0, 300)}`;
  return {
    kind: 'blocked',
    reason: 'verify_failed',
    message: `\`${command}\` ${how} on what would be merged, twice.${said}`,
    files: [],
  };
}
