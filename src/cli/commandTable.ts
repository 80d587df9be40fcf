import { accessCommands } from './accessCommands.js';
import type { Command } from './command.js';
import type { CommandEntry } from './commandEntry.js';
import { modelCommands } from './modelCommands.js';
import { sandboxCommands } from './sandboxCommands.js';

/** Every command, in the order of the help. A new one: a file in `commands/`, a line here, a section in `docs/cli.md`. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  'up': { summary: 'apply the compose file', load: async () => (await import('./commands/up.js')).up },
  'down': { summary: 'take a project down', load: async () => (await import('./commands/down.js')).down },
  'config': {
    summary: 'check the compose file and print its normal form',
    load: async () => (await import('./commands/config.js')).config,
    parts: {
      env: {
        summary: 'tell what becomes of each environment variable of agent-compose',
        load: async () => (await import('./commands/configEnv.js')).configEnv,
      },
    },
  },
  'dispatch': { summary: 'give an agent a task', load: async () => (await import('./commands/dispatch.js')).dispatch },
  'run': {
    summary: 'give an agent a task and read along until it has ended',
    load: async () => (await import('./commands/run.js')).run,
  },
  'retry': { summary: 'ask again what came to nothing', load: async () => (await import('./commands/retry.js')).retry },
  'ps': {
    summary: 'list threads: what needs you, what works, what is ready',
    load: async () => (await import('./commands/ps.js')).ps,
  },
  'logs': {
    summary: 'read the conversation of a thread or run',
    load: async () => (await import('./commands/logs.js')).logs,
  },
  'transcript': {
    summary: 'the same as `muster logs`',
    load: async () => (await import('./commands/logs.js')).logs,
  },
  'wait': {
    summary: 'wait until a thread has settled',
    load: async () => (await import('./commands/wait.js')).wait,
    parts: {
      merge: {
        summary: 'wait until a merge has ended',
        load: async () => (await import('./commands/waitMerge.js')).waitMerge,
      },
    },
  },
  'wait-merge': {
    summary: 'the same as `muster wait merge`',
    load: async () => (await import('./commands/waitMerge.js')).waitMerge,
  },
  'tasks': {
    summary: 'list the latest run of each thread',
    load: async () => (await import('./commands/tasks.js')).tasks,
  },
  'cost': { summary: 'tell what runs cost', load: async () => (await import('./commands/cost.js')).cost },
  'metrics': {
    summary: 'count threads by state, what works and what was spent',
    load: async () => (await import('./commands/metrics.js')).metrics,
  },
  'health': { summary: 'tell which agents can work', load: async () => (await import('./commands/health.js')).health },
  'chain': {
    summary: 'show who handed a task to whom',
    load: async () => (await import('./commands/chain.js')).chain,
  },
  'inbox': {
    summary: 'list what waits for a person',
    load: async () => (await import('./commands/inbox.js')).inbox,
  },
  'answer': {
    summary: 'answer a question of an agent',
    load: async () => (await import('./commands/answer.js')).answer,
  },
  'batch': {
    summary: 'give several tasks at once; list batches',
    load: async () => (await import('./commands/batch.js')).batch,
    parts: {
      status: {
        summary: 'show the threads of a batch',
        load: async () => (await import('./commands/batchStatus.js')).batchStatus,
      },
      abandon: {
        summary: 'abandon what is open of a batch',
        load: async () => (await import('./commands/batchAbandon.js')).batchAbandon,
      },
    },
  },
  'pr': {
    summary: 'push the branch of a thread and open a pull request',
    load: async () => (await import('./commands/pullRequest.js')).pullRequest,
  },
  'push': {
    summary: 'push what a thread has landed, where that failed',
    load: async () => (await import('./commands/push.js')).push,
  },
  'keep': {
    summary: 'keep one of several attempts at a task, and abandon the others',
    load: async () => (await import('./commands/keep.js')).keep,
  },
  'diff': { summary: 'show what a thread changed', load: async () => (await import('./commands/diff.js')).diff },
  'review': {
    summary: 'show what was said about a thread’s changes',
    load: async () => (await import('./commands/review.js')).review,
    parts: {
      'comment': {
        summary: 'say something about lines of a thread’s changes',
        load: async () => (await import('./commands/reviewComment.js')).reviewComment,
      },
      'apply': {
        summary: 'put the code that a comment suggests into the thread',
        load: async () => (await import('./commands/reviewApply.js')).reviewApply,
      },
      'resolve': {
        summary: 'resolve what was said, or open it again',
        load: async () => (await import('./commands/reviewResolve.js')).reviewResolve,
      },
      'delete': {
        summary: 'take a comment back that was not sent yet',
        load: async () => (await import('./commands/reviewDelete.js')).reviewDelete,
      },
      'files': {
        summary: 'list the changed files, and what of them was looked at',
        load: async () => (await import('./commands/reviewFiles.js')).reviewFiles,
      },
      'stage': {
        summary: 'choose pieces of a thread’s changes, for `muster review commit`',
        load: async () => (await import('./commands/reviewStage.js')).reviewStage,
      },
      'unstage': {
        summary: 'choose them no more; without files, none of them',
        load: async () => (await import('./commands/reviewUnstage.js')).reviewUnstage,
      },
      'commit': {
        summary: 'leave of a thread’s changes those that are staged',
        load: async () => (await import('./commands/reviewCommit.js')).reviewCommit,
      },
      'request-changes': {
        summary: 'send all comments to the agent, which goes on with them',
        load: async () => (await import('./commands/reviewRequestChanges.js')).reviewRequestChanges,
      },
      'approve': {
        summary: 'the same as `muster approve`',
        load: async () => (await import('./commands/approve.js')).approve,
      },
    },
  },
  'merge': {
    summary: 'bring a thread’s commit into a branch',
    load: async () => (await import('./commands/merge.js')).merge,
  },
  'jupyter': {
    summary: 'list the Jupyter servers of threads',
    load: async () => (await import('./commands/jupyter.js')).jupyter,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/jupyter.js')).jupyter },
      start: {
        summary: 'start one on the worktree of a thread',
        load: async () => (await import('./commands/jupyterStart.js')).jupyterStart,
      },
      stop: {
        summary: 'end it, with its kernels',
        load: async () => (await import('./commands/jupyterStop.js')).jupyterStop,
      },
      url: {
        summary: 'print a link that opens the notebooks in a browser',
        load: async () => (await import('./commands/jupyterUrl.js')).jupyterUrl,
      },
      exec: {
        summary: 'execute code in a kernel of a thread',
        load: async () => (await import('./commands/jupyterExec.js')).jupyterExec,
      },
      cells: {
        summary: 'list what was executed in the kernels of a thread',
        load: async () => (await import('./commands/jupyterCells.js')).jupyterCells,
      },
      install: {
        summary: 'install Jupyter Server into a folder of Muster’s own',
        load: async () => (await import('./commands/jupyterInstall.js')).jupyterInstall,
      },
    },
  },
  'queue': {
    summary: 'list the merges that wait or are at work',
    load: async () => (await import('./commands/queue.js')).queue,
    parts: {
      move: {
        summary: 'change the turn of a merge that waits',
        load: async () => (await import('./commands/queueMove.js')).queueMove,
      },
      checks: {
        summary: 'show what the verify commands of a thread’s last merge came to',
        load: async () => (await import('./commands/queueChecks.js')).queueChecks,
      },
    },
  },
  'update': {
    summary: 'bring what the target has by now into a thread’s branch',
    load: async () => (await import('./commands/update.js')).update,
  },
  'undo': {
    summary: 'take the last merge of a thread back',
    load: async () => (await import('./commands/undo.js')).undo,
  },
  'approve': {
    summary: 'keep a thread’s work as a commit that a merge can name',
    load: async () => (await import('./commands/approve.js')).approve,
  },
  'cancel': { summary: 'stop the run of a thread', load: async () => (await import('./commands/cancel.js')).cancel },
  'close': {
    summary: 'end a thread without merging it',
    load: async () => (await import('./commands/close.js')).close,
  },
  'reopen': {
    summary: 'open a thread again that was closed',
    load: async () => (await import('./commands/reopen.js')).reopen,
  },
  'abandon': {
    summary: 'stop a thread, keep its work as a rescue ref, remove its worktree',
    load: async () => (await import('./commands/abandon.js')).abandon,
  },
  'restore': {
    summary: 'bring back an abandoned thread',
    load: async () => (await import('./commands/restore.js')).restore,
  },
  'recover': {
    summary: 'bring threads back after the database was damaged',
    load: async () => (await import('./commands/recover.js')).recover,
  },
  'worktrees': {
    summary: 'list the worktrees of threads',
    load: async () => (await import('./commands/worktrees.js')).worktrees,
    parts: {
      'remove': {
        summary: 'remove the worktree of a thread, keeping its work',
        load: async () => (await import('./commands/worktreesRemove.js')).worktreesRemove,
      },
      'clean': {
        summary: 'remove the worktrees that nobody needs any more, keeping their work',
        load: async () => (await import('./commands/worktreesClean.js')).worktreesClean,
      },
      'adopt': {
        summary: 'make a thread of a worktree that somebody else made',
        load: async () => (await import('./commands/worktreesAdopt.js')).worktreesAdopt,
      },
      'repair': {
        summary: 'put a replaced .git of a worktree right',
        load: async () => (await import('./commands/worktreesRepair.js')).worktreesRepair,
      },
      'setup': {
        summary: 'show what getting a worktree ready came to, or go on without',
        load: async () => (await import('./commands/worktreesSetup.js')).worktreesSetup,
      },
      'put-back': {
        summary: 'undo what runs of a thread did to your stash, branches, tags, settings and checkout',
        load: async () => (await import('./commands/worktreesPutBack.js')).worktreesPutBack,
      },
    },
  },
  ...modelCommands,
  'init': { summary: 'write a first compose file', load: async () => (await import('./commands/init.js')).init },
  'doctor': {
    summary: 'look whether everything is there that agents need',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  'import': {
    summary: 'make a compose file of a compas configuration',
    load: async () => (await import('./commands/importCompas.js')).importCompas,
    parts: {
      compas: {
        summary: 'make a compose file of a compas configuration',
        load: async () => (await import('./commands/importCompas.js')).importCompas,
      },
    },
  },
  'mcp': {
    summary: 'serve the MCP tools on standard input and output',
    load: async () => (await import('./commands/mcp.js')).mcp,
  },
  'setup-mcp': {
    summary: 'register the MCP server with coding CLIs and editors',
    load: async () => (await import('./commands/setupMcp.js')).setupMcp,
  },
  ...sandboxCommands,
  'events': {
    summary: 'list published events',
    load: async () => (await import('./commands/events.js')).events,
  },
  'event': {
    summary: 'list published events',
    load: async () => (await import('./commands/events.js')).events,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/events.js')).events },
      publish: {
        summary: 'publish an event, which may start runs',
        load: async () => (await import('./commands/events.js')).eventPublish,
      },
      inspect: {
        summary: 'show an event and what came of it',
        load: async () => (await import('./commands/events.js')).eventInspect,
      },
      replay: {
        summary: 'try again what was given up',
        load: async () => (await import('./commands/events.js')).eventReplay,
      },
    },
  },
  'webhook': {
    summary: 'list who may publish events from outside',
    load: async () => (await import('./commands/webhook.js')).webhookSources,
    parts: {
      source: {
        summary: 'the same',
        load: async () => (await import('./commands/webhook.js')).webhookSources,
        parts: {
          ls: { summary: 'the same', load: async () => (await import('./commands/webhook.js')).webhookSources },
          add: {
            summary: 'let somebody publish from outside',
            load: async () => (await import('./commands/webhook.js')).webhookSourceAdd,
          },
          rm: {
            summary: 'let a source publish no longer',
            load: async () => (await import('./commands/webhook.js')).webhookSourceRemove,
          },
        },
      },
    },
  },
  'service': {
    summary: 'tell whether the host starts by itself',
    load: async () => (await import('./commands/service.js')).serviceStatus,
    parts: {
      install: {
        summary: 'start the host whenever you log in',
        load: async () => (await import('./commands/service.js')).serviceInstall,
      },
      status: { summary: 'the same', load: async () => (await import('./commands/service.js')).serviceStatus },
      uninstall: {
        summary: 'start it by itself no longer',
        load: async () => (await import('./commands/service.js')).serviceUninstall,
      },
    },
  },
  'ls': { summary: 'as `agent ls`', load: async () => (await import('./commands/agentList.js')).agentList },
  'inspect': {
    summary: 'print all facts about a project, agent, run or sandbox as JSON',
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
  'gc': {
    summary: 'remove what is older than the retention settings say',
    load: async () => (await import('./commands/gc.js')).gc,
  },
  'status': { summary: 'tell about the running host', load: async () => (await import('./commands/status.js')).status },
  'daemon': {
    summary: 'run the host in the foreground',
    load: async () => (await import('./commands/daemon.js')).daemon,
    parts: {
      stop: {
        summary: 'end the running host; agents keep running',
        load: async () => (await import('./commands/daemonStop.js')).daemonStop,
      },
    },
  },
  ...accessCommands,
  'version': { summary: 'print the version', load: async () => (await import('./commands/version.js')).version },
};

const overview: CommandEntry = { summary: '', load: async () => (await import('./commands/overview.js')).overview };

/** The command that the words name and the arguments that are left; `''` names the overview. */
export async function findCommand(
  name: string,
  args: readonly string[],
): Promise<{ readonly command: Command; readonly args: readonly string[] } | undefined> {
  const entry = name === '' ? overview : Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
  if (!entry) return undefined;
  return await findPart(entry, args);
}

async function findPart(
  entry: CommandEntry,
  args: readonly string[],
): Promise<{ readonly command: Command; readonly args: readonly string[] }> {
  const word = args[0] ?? '';
  const part = entry.parts && Object.hasOwn(entry.parts, word) ? entry.parts[word] : undefined;
  return part ? await findPart(part, args.slice(1)) : { command: await entry.load(), args };
}
