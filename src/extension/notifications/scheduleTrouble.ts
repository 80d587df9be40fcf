import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import type { Fire } from '../../protocol/gen/muster/v1/schedules_pb.js';
import { showWarning } from '../plain/messages.js';
import type { Services } from '../services.js';
import { readSetting } from '../settings.js';
import { projectTitle } from '../threads/threadTitles.js';
import { untold } from './untoldFires.js';

/** What comes within this time is one notification, as for threads. */
const groupMs = 600;
/** Enough to find what is new; older failures are on the board. */
const looksBack = 50;

/**
 * Notifies about schedules that failed without a thread that could say so: a run that could not be queued, a script that threw.
 * The setting, and the window that tells, are those of threads that need a person.
 */
export function watchScheduleTrouble(services: Services): vscode.Disposable {
  const { host, scope, log } = services;
  const told = new Map<string, ReadonlySet<string>>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const ending = new AbortController();

  const look = async (): Promise<void> => {
    timer = undefined;
    const projects = scope.projects().filter(({ id }) => changed.has(id));
    changed.clear();
    for (const each of projects) {
      const project = each.id;
      const { schedules } = await host.client(ending.signal);
      const { fires } = await schedules.listFires({ project, limit: looksBack }, { signal: ending.signal });
      const known = told.get(project);
      const news = untold(fires, known ?? new Set());
      told.set(project, new Set([...(known ?? []), ...news.map(({ key }) => key)]));
      // What was there when it first looked is no news.
      const [first, ...others] = known ? news : [];
      const isWanted = vscode.window.state.focused && readSetting('muster.notifications.needsYou');
      if (first && isWanted)
        void tell(services, { project: projectTitle(each), fire: first.fire, others: others.length });
    }
  };
  const subscription = host.onDidChange(({ projects }) => {
    if (host.state !== 'connected' || projects.length === 0) return;
    for (const id of projects) changed.add(id);
    timer ??= setTimeout(() => {
      look().catch((error: unknown) => {
        if (!isAppError(error, 'cancelled')) log.debug('Schedules could not be looked at');
      });
    }, groupMs);
  });
  return {
    dispose() {
      ending.abort();
      clearTimeout(timer);
      void subscription.dispose();
    },
  };
}

async function tell(
  services: Services,
  { project, fire, others }: { readonly project: string; readonly fire: Fire; readonly others: number },
): Promise<void> {
  const what = vscode.l10n.t('What It Did');
  const board = vscode.l10n.t('Show Board');
  const why = fire.reason || fire.runError;
  const text =
    others === 0
      ? vscode.l10n.t('{0}/{1}, schedule {2}: {3}', project, fire.agent, fire.name, why)
      : vscode.l10n.t('{0}/{1}, schedule {2} and {3} more failed: {4}', project, fire.agent, fire.name, others, why);
  const chosen = await showWarning(text, ...(fire.scriptRunId === '' ? [board] : [what, board]));
  if (chosen === what) await services.records.openScriptRun(fire.scriptRunId);
  if (chosen === board) await services.openBoard('schedules');
}
