import * as vscode from 'vscode';
import { showDone, whileWaiting } from '../plain/messages.js';
import { reportError } from '../commands/reportError.js';
import type { Services } from '../services.js';
import { isThreadNode, type ThreadsNode } from './threadNodes.js';
import { queueMoves } from './queueMoves.js';

const mimeType = 'application/vnd.code.tree.muster.threads';

/** Rows of merges that wait can be dragged onto each other: that changes their turns. */
export class QueueDrag implements vscode.TreeDragAndDropController<ThreadsNode> {
  readonly dragMimeTypes = [];
  readonly dropMimeTypes = [mimeType];
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  handleDrag(source: readonly ThreadsNode[], dataTransfer: vscode.DataTransfer): void {
    const waiting = source
      .filter(isThreadNode)
      .filter(({ threadId }) => this.#services.host.threads.get(threadId)?.latestMerge?.status === 'queued');
    const [first] = waiting;
    if (first) dataTransfer.set(mimeType, new vscode.DataTransferItem(first.threadId));
  }

  async handleDrop(target: ThreadsNode | undefined, dataTransfer: vscode.DataTransfer): Promise<void> {
    const dragged: unknown = dataTransfer.get(mimeType)?.value;
    if (typeof dragged !== 'string' || !isThreadNode(target)) return;
    try {
      await this.#move(dragged, target.threadId);
    } catch (error) {
      await reportError(error, this.#services.log);
    }
  }

  async #move(dragged: string, target: string): Promise<void> {
    const position = await whileWaiting(vscode.l10n.t('Changing the turn'), async signal => {
      const { merges } = await this.#services.host.client(signal);
      const { queue } = await merges.listQueue({}, { signal });
      const mergeOf = (thread: string): string =>
        queue.find(({ merge }) => merge?.threadId === thread)?.merge?.id ?? '';
      const waiting = queue.map(({ merge, repository }) => ({
        id: merge?.id ?? '',
        lane: `${repository}\n${merge?.target ?? ''}`,
      }));
      let now = queue;
      for (const move of queueMoves(waiting, mergeOf(dragged), mergeOf(target))) {
        now = (await merges.moveMerge(move, { signal })).queue;
      }
      return now === queue ? undefined : now.find(({ merge }) => merge?.threadId === dragged)?.position;
    });
    if (position !== undefined) showDone(vscode.l10n.t('Its turn is number {0} now', position));
  }
}
