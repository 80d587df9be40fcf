import { errorMessage } from '../../src/base/errors.js';
import { BoardController } from '../../src/pages/board/boardController.js';
import type { BoardServices } from '../../src/pages/board/boardServices.js';
import { hostRooms } from '../../src/pages/board/roomFeed.js';
import { boardTabSources } from '../../src/pages/board/boardTabSources.js';
import { ThreadPageController, type PageEditor } from '../../src/pages/threadPage/threadPageController.js';
import type { ThreadPageServices } from '../../src/pages/threadPage/threadPageServices.js';
import type { ThreadAction } from '../../src/protocol/webview/threadActions.js';
import { fill, webviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { ask, say } from './dialogs.js';
import { liveBoard } from './liveBoard.js';
import { PageChannel } from './pageChannel.js';
import { readRunLog } from './runLog.js';
import { clientOf, type SiteContext } from './siteContext.js';
import { siteStrings as texts } from './siteStrings.js';
import { actOnThread } from './threadDeeds.js';

/** A page that has a model: the same element as in the editor, and the same model behind it. */
export interface ModelPage {
  readonly element: HTMLElement;
  close(): void;
}

/** The board. */
export function boardPage(context: SiteContext): ModelPage {
  const channel = new PageChannel({ key: 'board', receive: message => controller.receive(message) });
  const controller = new BoardController({
    services: boardServices(context),
    strings: webviewStrings,
    post: message => channel.post(message),
  });
  return opened('muster-board', channel, controller);
}

/** The page of one thread. */
export function threadPage(
  context: SiteContext,
  { threadId, onTitle }: { readonly threadId: string; readonly onTitle: (title: string) => void },
): ModelPage {
  const channel = new PageChannel({ key: `thread ${threadId}`, receive: message => controller.receive(message) });
  const controller = new ThreadPageController({
    threadId,
    services: threadPageServices(context),
    strings: webviewStrings,
    editor: pageEditor(context, threadId),
    post: message => channel.post(message),
    onThread: ({ summary }) => onTitle(summary),
  });
  return opened('muster-thread-page', channel, controller);
}

function opened(name: string, channel: PageChannel, controller: { dispose(): void }): ModelPage {
  return {
    element: channel.open(name),
    close: () => {
      channel.close();
      controller.dispose();
    },
  };
}

const act =
  (context: SiteContext) =>
  async (action: ThreadAction, threadId: string): Promise<void> =>
    actOnThread(context, action, threadId);

function boardServices(context: SiteContext): BoardServices {
  const live = liveBoard(context.live);
  return {
    live,
    act: act(context),
    async dispatch() {
      context.go({ page: 'dispatch', project: '', agent: '' });
    },
    rooms: hostRooms(signal => clientOf(context, signal)),
    // The page came from it: there is nothing to start from here.
    async startHost() {
      context.live.retryNow();
    },
    tabs: boardTabSources({
      live,
      client: signal => clientOf(context, signal),
      async mayAbandonBatch(batch) {
        const title = fill(texts.abandonBatch, batch);
        const choices = [{ label: webviewStrings.abandon.replace('…', ''), value: true }];
        return (await ask({ title, detail: texts.abandonDetail, choices, dismiss: texts.cancel })) ?? false;
      },
      async onAgent(kind, { projectId, agent }) {
        if (kind === 'dispatch') return context.go({ page: 'dispatch', project: projectId, agent });
        const found = live.agents(projectId).find(each => each.name === agent);
        await ask({
          title: fill(texts.problemOf, agent),
          detail: found?.problem ?? '',
          choices: [],
          dismiss: texts.close,
        });
      },
      schedules: {
        preview: projectId => showNextFires(context, projectId),
        openEvent: id => showEvent(context, id),
        openScriptRun: id => showScriptRun(context, id),
      },
    }),
  };
}

async function showNextFires(context: SiteContext, project: string): Promise<void> {
  const { schedules } = await clientOf(context);
  const { fires } = await schedules.simulateTriggers({ project }, { signal: context.closing });
  const lines = fires.map(({ at, agent, name }) => `${new Date(Number(at)).toLocaleString()}  ${agent}  ${name}`);
  await showText(texts.nextFires, lines.length === 0 ? texts.noFires : lines.join('\n'));
}

async function showEvent(context: SiteContext, id: string): Promise<void> {
  const { topics } = await clientOf(context);
  const { event } = await topics.getTopicEvent({ id }, { signal: context.closing });
  if (event) await showText(event.topic, asJson(event));
}

async function showScriptRun(context: SiteContext, id: string): Promise<void> {
  const { schedules } = await clientOf(context);
  const { run } = await schedules.getScriptRun({ id }, { signal: context.closing });
  if (run) await showText(`${run.agent} ${run.trigger || 'main'}`, asJson(run));
}

/** JSON has no integers of 64 bits. */
function asJson(value: object): string {
  return JSON.stringify(value, (key, field: unknown) => plain(key, field), 2);
}

function plain(key: string, field: unknown): unknown {
  if (key.startsWith('$')) return undefined;
  return typeof field === 'bigint' ? Number(field) : field;
}

async function showText(title: string, text: string): Promise<void> {
  await ask({ title, text, choices: [], dismiss: texts.close });
}

function threadPageServices(context: SiteContext): ThreadPageServices {
  return {
    live: liveBoard(context.live),
    closing: context.closing,
    drafts: {
      get: threadId => localStorage.getItem(`draft ${threadId}`) ?? '',
      async set(threadId, text) {
        if (text === '') localStorage.removeItem(`draft ${threadId}`);
        else localStorage.setItem(`draft ${threadId}`, text);
      },
    },
    getThread: async (threadId, signal) =>
      (await clientOf(context, signal)).threads.getThread({ threadId }, { signal }),
    diffThread: async (threadId, signal) =>
      (await clientOf(context, signal)).threads.diffThread({ threadId, allRepositories: true }, { signal }),
    async *readTranscript(request, signal) {
      const { runs } = await clientOf(context, signal);
      yield* runs.readTranscript(request, { signal });
    },
    async followUp({ threadId, agent, text, key }, signal) {
      const { threads } = await clientOf(context, signal);
      await threads.dispatch({ threadId, agent, prompt: text, idempotencyKey: key }, { signal });
    },
    act: act(context),
    async openDiff(threadId, path) {
      context.go({ page: 'changes', threadId, file: path });
    },
    async openRunLog(_, runId) {
      await readRunLog(await clientOf(context), { runId, signal: context.closing });
    },
    async startHost() {
      context.live.retryNow();
    },
  };
}

/** Files are on the host's machine: of those that the thread changed the difference is shown. */
function pageEditor(context: SiteContext, threadId: string): PageEditor {
  return {
    async openFile({ path, roots }) {
      const { threads } = await clientOf(context);
      const { files } = await threads.diffThread({ threadId, allRepositories: true }, { signal: context.closing });
      const relative = roots.reduce(
        (rest, root) => (rest.startsWith(`${root}/`) ? rest.slice(root.length + 1) : rest),
        path,
      );
      const found = files.find(file => file.path === relative.replace(/^\.\//, ''));
      if (found) context.go({ page: 'changes', threadId, file: found.path });
      else say(fill(texts.notInChanges, path));
    },
    async openLink(url) {
      if (/^(https?|mailto):/i.test(url)) window.open(url, '_blank', 'noopener,noreferrer');
    },
  };
}

/** Says what did not work. */
export async function complain(error: unknown): Promise<void> {
  await ask({ title: texts.failed, detail: errorMessage(error), choices: [], dismiss: texts.close });
}
