import { AppError } from '../../base/errors.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { requireWhole } from '../threads/idleThread.js';
import type { Thread } from '../threads/thread.js';
import { requireOneRepository } from '../threads/partLookup.js';
import { findThread } from '../threads/threadLookup.js';
import { noWorktree } from '../threads/threadService.js';
import type { ThreadSettler } from '../threads/threadSettler.js';
import type { ThreadStores } from '../threads/threadStore.js';
import { noTarget } from './mergeRequest.js';
import { targetOf } from './mergeTarget.js';
import { forgeOf, isPlainRemote, pullRequestBody, type PullRequestDraft } from './pullRequest.js';

/** Port: remotes of a repository. Implemented by `drivers/git`. */
export interface RemoteDriver {
  /**
   * Where git would push for a remote, or for the one that a branch belongs to; undefined when there is none.
   * `rewritten`: settings would send it elsewhere than this URL says.
   */
  pushPlace(
    place: RemotePlace,
    wanted: { readonly remote?: string; readonly branch: string },
    signal: AbortSignal,
  ): Promise<{ readonly remote: string; readonly url: string; readonly rewritten: boolean } | undefined>;
  /** Makes a branch of a remote this commit; never by force. Errors: `push.failed`. */
  push(place: RemotePlace, push: Push, signal: AbortSignal): Promise<void>;
  /**
   * The same while nobody looks: the settings and hooks of the repository, which agents can write, have no say. Those of the person do.
   */
  pushApart(place: RemotePlace, push: Push, signal: AbortSignal): Promise<void>;
}

export interface RemotePlace {
  readonly repository: string;
  readonly commonDir?: string | undefined;
}

export interface Push {
  readonly url: string;
  readonly commit: string;
  readonly branch: string;
}

export interface PullRequestServiceOptions {
  readonly store: Store<ThreadStores & ProjectStores & MessageStores>;
  readonly settler: Pick<ThreadSettler, 'settled' | 'snapshot'>;
  readonly driver: RemoteDriver;
}

/** Prepares pull requests of threads, and pushes their branches when a person says so. */
export class PullRequestService {
  readonly #options: PullRequestServiceOptions;

  constructor(options: PullRequestServiceOptions) {
    this.#options = options;
  }

  /** What would be pushed and asked for. Errors: `thread.*`, `worktree.missing`, `merge.refused` (no target), `push.failed` (no remote). */
  async prepare(id: string, wanted: { readonly remote?: string }, signal: AbortSignal): Promise<PullRequestDraft> {
    const { store, settler, driver } = this.#options;
    const { thread } = await this.#idle(id);
    const base = store.read(stores => targetOf(stores, thread));
    if (base === undefined) throw noTarget(thread);
    const { branch, repository } = thread;
    const head = await settler.snapshot(thread, `${thread.summary}\n\nWork kept by Muster before a pull request.`);
    if (head === undefined || branch === undefined || repository === undefined) throw noWorktree(thread);
    const place = await driver.pushPlace(placeOf(thread, repository), { ...wanted, branch: base }, signal);
    if (!place) throw noRemote(wanted.remote, repository);
    requirePlain(thread, place);
    const messages = store.read(stores => stores.messages.ofThread(thread.id));
    const answer = messages.findLast(({ intent }) => intent === 'response');
    const forge = forgeOf(place.url);
    return {
      url: place.url,
      remote: place.remote,
      branch,
      head,
      base,
      title: thread.summary,
      body: pullRequestBody({ task: messages[0]?.body ?? thread.summary, agent: thread.agent, answer: answer?.body }),
      ...(forge && { forge }),
    };
  }

  /**
   * Pushes what a person was shown, to where they were shown it. Errors: `thread.*`, `push.failed` (refused, or anything is other by
   * now than what was shown).
   */
  async push(
    id: string,
    shown: Pick<PullRequestDraft, 'url' | 'remote' | 'head' | 'base'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { driver } = this.#options;
    const { thread } = await this.#idle(id);
    const { branch, repository } = thread;
    if (branch === undefined || repository === undefined) throw noWorktree(thread);
    if (thread.head !== shown.head) throw notPushed(thread, shown.remote, 'its work has changed since it was shown');
    const at = placeOf(thread, repository);
    const place = await driver.pushPlace(at, { remote: shown.remote, branch: shown.base }, signal);
    if (place?.url !== shown.url) throw notPushed(thread, shown.remote, 'the remote leads elsewhere than was shown');
    requirePlain(thread, place);
    await driver.push(at, { url: place.url, commit: shown.head, branch }, signal);
  }

  async #idle(id: string) {
    const { store, settler } = this.#options;
    const { thread } = store.read(stores => findThread(stores, id));
    store.read(stores => requireOneRepository(stores, thread.id, 'Opening a pull request'));
    await settler.settled(thread.id);
    return requireWhole(store.read(stores => findThread(stores, thread.id)));
  }
}

function placeOf({ commonDir }: Thread, repository: string): RemotePlace {
  return { repository, commonDir };
}

function requirePlain(
  thread: Thread,
  { remote, url, rewritten }: { remote: string; url: string; rewritten: boolean },
): void {
  if (rewritten) throw notPushed(thread, remote, `settings (url.….insteadOf) would send it elsewhere than ${url}`);
  if (!isPlainRemote(url)) throw notPushed(thread, remote, `${JSON.stringify(url)} is no address that is pushed to`);
}

/** What to do comes with it: it is the first thing that somebody hears who has never pushed from there. */
function noRemote(wanted: string | undefined, repository: string): AppError<'push.failed'> {
  const what =
    wanted === undefined
      ? `${repository} has no remote to push to, or several of which none is called origin`
      : `${repository} has no remote called ${JSON.stringify(wanted)}`;
  const message = `Nothing was pushed: ${what}. Add one there with \`git remote add ${wanted === undefined ? 'origin' : '<name>'} <address>\`, then try again.`;
  return new AppError('push.failed', message, { remote: wanted ?? '', reason: 'no remote' });
}

function notPushed(thread: Thread, remote: string, reason: string): AppError<'push.failed'> {
  return new AppError('push.failed', `"${thread.summary}" was not pushed: ${reason}.`, { remote, reason });
}
