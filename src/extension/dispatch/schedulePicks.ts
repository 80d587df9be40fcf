import * as vscode from 'vscode';
import { formatAge, formatDuration } from '../../protocol/displayFormat.js';
import type { Fire } from '../../protocol/gen/muster/v1/schedules_pb.js';
import type { TopicEvent } from '../../protocol/gen/muster/v1/topics_pb.js';
import { showDone, whileWaiting } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';
import type { Services } from '../services.js';
import { keyOfTrigger, type TriggerReference } from './triggers.js';

const weekMs = 7 * 86_400_000;
/** More moments of a week than anybody reads. */
const mostRows = 200;

interface Row extends vscode.QuickPickItem {
  readonly threadId?: string;
  readonly scriptRunId?: string;
}

/** What a project's triggers, or one of them, would do in the next week, in order of time; nothing happens. */
export async function previewSchedule(
  services: Services,
  of: { readonly projectId: string } | TriggerReference,
): Promise<void> {
  const now = Date.now();
  const one = 'index' in of ? { agent: of.agent, name: keyOfTrigger(services, of) } : {};
  const request = { project: of.projectId, ...one, from: BigInt(now), to: BigInt(now + weekMs), limit: mostRows };
  const { fires, truncated } = await whileWaiting(vscode.l10n.t('Asking what is due'), async signal => {
    const { schedules } = await services.host.client(signal);
    return await schedules.simulateTriggers(request, { signal });
  });
  if (fires.length === 0) return showDone(vscode.l10n.t('Nothing is due in the next seven days.'));
  const rows = fires.map(({ agent, name, at }): Row => ({
    label: shownMoment(Number(at)),
    description: `${agent} · ${name} · ${vscode.l10n.t('in {0}', formatDuration(Number(at) - now))}`,
  }));
  const more = truncated
    ? vscode.l10n.t('The first {0} of the next seven days', mostRows)
    : vscode.l10n.t('The next seven days');
  await pickRow(rows, { placeHolder: more, matchOnDescription: true });
}

/** With the day of the week, by which people plan; seconds only where they are some. */
function shownMoment(at: number): string {
  const date = new Date(at);
  return date.toLocaleString(undefined, {
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    ...(at % 60_000 < 1_000 ? {} : { second: '2-digit' }),
  });
}

/** What a trigger did, newest first; choosing a row opens its thread, or what its script did. */
export async function showFires(services: Services, reference: TriggerReference): Promise<void> {
  const { projectId: project, agent } = reference;
  const name = keyOfTrigger(services, reference);
  const { fires } = await whileWaiting(vscode.l10n.t('Reading what {0} did', name), async signal => {
    const { schedules } = await services.host.client(signal);
    return await schedules.listFires({ project, agent, name, limit: mostRows }, { signal });
  });
  if (fires.length === 0) return showDone(vscode.l10n.t('It has not fired yet.'));
  const picked = await pickRow(fires.map(fireRow), { placeHolder: vscode.l10n.t('What {0} of {1} did', name, agent) });
  if (picked?.threadId) await vscode.commands.executeCommand('muster.openThread', picked.threadId);
  else if (picked?.scriptRunId) await services.records.openScriptRun(picked.scriptRunId);
}

function fireRow(fire: Fire): Row {
  const age = formatAge(Number(fire.at), Date.now());
  const missed = fire.missed > 0n ? vscode.l10n.t('and {0} missed', Number(fire.missed)) : '';
  const how = fire.by === 'person' ? vscode.l10n.t('by hand') : missed;
  const why = fire.reason || fire.runError;
  const came = fire.outcome === 'started' && words().has(fire.runStatus) ? fire.runStatus : fire.outcome;
  return {
    label: words().get(came) ?? came,
    iconPath: new vscode.ThemeIcon(icons.get(came) ?? 'circle-small'),
    description: [age, how].filter(part => part !== '').join(' · '),
    ...(why === '' ? {} : { detail: why }),
    ...(fire.threadId === '' ? {} : { threadId: fire.threadId }),
    ...(fire.scriptRunId === '' ? {} : { scriptRunId: fire.scriptRunId }),
  };
}

const icons: ReadonlyMap<string, string> = new Map([
  ['started', 'play'],
  ['waiting', 'clock'],
  ['skipped', 'debug-step-over'],
  ['missed', 'circle-slash'],
  ['failed', 'error'],
  ['succeeded', 'pass'],
  ['timed_out', 'error'],
  ['lost', 'error'],
  ['cancelled', 'circle-slash'],
]);

const words = (): ReadonlyMap<string, string> =>
  new Map([
    ['started', vscode.l10n.t('Started')],
    ['waiting', vscode.l10n.t('Waits')],
    ['skipped', vscode.l10n.t('Skipped')],
    ['missed', vscode.l10n.t('Missed')],
    ['failed', vscode.l10n.t('Failed')],
    ['succeeded', vscode.l10n.t('Succeeded')],
    ['timed_out', vscode.l10n.t('Timed Out')],
    ['lost', vscode.l10n.t('Lost')],
    ['cancelled', vscode.l10n.t('Cancelled')],
  ]);

interface EventRow extends vscode.QuickPickItem {
  readonly event: TopicEvent;
}

/** Published events, newest first; choosing one shows its payload and what came of it. */
export async function showEvents(services: Services): Promise<void> {
  const { events } = await whileWaiting(vscode.l10n.t('Reading events'), async signal => {
    const { topics } = await services.host.client(signal);
    return await topics.listTopicEvents({ limit: mostRows, summary: true }, { signal });
  });
  if (events.length === 0) return showDone(vscode.l10n.t('Nothing was published yet.'));
  const rows = events.map((event): EventRow => ({
    label: event.topic,
    description: `${event.source} · ${formatAge(Number(event.createdAt), Date.now())}`,
    detail: event.deliveries
      .map(({ agent, trigger, state }) => `${agent} · ${trigger} · ${state.replaceAll('_', ' ')}`)
      .join(', '),
    event,
  }));
  const picked = await pickRow(rows, { placeHolder: vscode.l10n.t('Published events'), matchOnDetail: true });
  if (picked) await services.records.openEvent(picked.event.id);
}
