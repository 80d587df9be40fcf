import * as vscode from 'vscode';
import type { Thread } from '../protocol/gen/muster/v1/threads_pb.js';
import { stepKey, walkthroughSteps, type WalkthroughStepId } from './manifest/walkthroughTable.js';
import type { Services } from './services.js';

/** What of a window says which steps were taken. */
export interface WalkthroughFacts {
  readonly hasComposeFile: boolean;
  readonly hasProject: boolean;
  readonly threads: readonly Pick<Thread, 'shownHead' | 'status'>[];
}

const taken: Readonly<Record<WalkthroughStepId, (facts: WalkthroughFacts) => boolean>> = {
  crew: ({ hasComposeFile }) => hasComposeFile,
  apply: ({ hasProject }) => hasProject,
  dispatch: ({ threads }) => threads.length > 0,
  review: ({ threads }) => threads.some(({ shownHead }) => shownHead !== ''),
  merge: ({ threads }) => threads.some(({ status }) => status === 'merged'),
};

/** The steps of the walkthrough that were taken, by whatever way. */
export function stepsTaken(facts: WalkthroughFacts): readonly WalkthroughStepId[] {
  return walkthroughSteps.map(({ id }) => id).filter(step => taken[step](facts));
}

/**
 * Ticks the steps of the walkthrough that were taken. VS Code makes walkthroughs when they are first shown, ticks a step at the
 * moment when its context key becomes true, and never one whose key was true before: so the keys are true for a moment alone, as
 * often as a step is taken or a tab of VS Code's own, which may be the walkthrough, comes.
 */
export class WalkthroughProgress implements vscode.Disposable {
  readonly #scope: Services['scope'];
  readonly #told = new Set<WalkthroughStepId>();
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  #hasComposeFile = false;

  constructor({ host, scope }: Pick<Services, 'host' | 'scope'>) {
    this.#scope = scope;
    this.#subscriptions = [
      host.onDidChange(() => this.#look()),
      scope.onDidChange(() => this.#look()),
      vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => {
        if (![...opened, ...changed].some(({ input }) => input === undefined)) return;
        this.#told.clear();
        this.#look();
      }),
    ];
  }

  /** Whoever looks for compose files says whether there is one. */
  set hasComposeFile(value: boolean) {
    this.#hasComposeFile = value;
    this.#look();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
  }

  #look(): void {
    if (this.#told.size === walkthroughSteps.length) return;
    const facts = {
      hasComposeFile: this.#hasComposeFile,
      hasProject: this.#scope.projects().length > 0,
      threads: this.#scope.threads(),
    };
    for (const step of stepsTaken(facts)) {
      if (this.#told.has(step)) continue;
      this.#told.add(step);
      tick(step);
    }
  }
}

function tick(step: WalkthroughStepId): void {
  const key = stepKey(step);
  void vscode.commands.executeCommand('setContext', key, true);
  void vscode.commands.executeCommand('setContext', key, false);
}
