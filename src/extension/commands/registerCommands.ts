import * as vscode from 'vscode';
import type { TaskDocuments } from '../dispatch/taskDocuments.js';
import type { CommandId } from '../manifest/commandTable.js';
import type { Services } from '../services.js';
import type { Views } from '../views/views.js';
import type { CommandHandlers } from './commandHandler.js';
import { hostHandlers } from './hostHandlers.js';
import { notebookHandlers } from './notebookHandlers.js';
import { projectHandlers } from './projectHandlers.js';
import { queueHandlers } from './queueHandlers.js';
import { reviewHandlers } from './reviewHandlers.js';
import { reportError } from './reportError.js';
import { taskHandlers } from './taskHandlers.js';
import { threadHandlers } from './threadHandlers.js';
import { threadListHandlers } from './threadListHandlers.js';
import { worktreeHandlers } from './worktreeHandlers.js';

/** Registers every command of the table; one without a handler does not compile. */
export function registerCommands(
  services: Services,
  { views, tasks }: { readonly views: Views; readonly tasks: TaskDocuments },
): void {
  const handlers: CommandHandlers<CommandId> = {
    ...taskHandlers(services, tasks),
    ...threadHandlers(services),
    ...reviewHandlers(services, views.changes),
    ...queueHandlers(services),
    ...threadListHandlers(services, views),
    ...worktreeHandlers(services, views),
    ...notebookHandlers(services),
    ...projectHandlers(services, views),
    ...hostHandlers(services),
  };
  for (const [id, handler] of Object.entries(handlers)) {
    services.context.subscriptions.push(
      vscode.commands.registerCommand(id, async (...args: readonly unknown[]) => {
        try {
          const { elsewhere } = services.host;
          if (elsewhere !== '') (await import('./needDisk.js')).requireDisk(id, elsewhere);
          await handler(...args);
        } catch (error) {
          await reportError(error, services.log);
        }
      }),
    );
  }
}
