import type { LiveBoard } from '../../src/pages/board/boardServices.js';
import { changedThreads } from '../../src/pages/changedThreads.js';
import type { ConnectionState } from '../../src/pages/threadPage/threadPageServices.js';
import type { SiteLive } from './hostCalls.js';

/** The live state as the pages ask for it: everything that the host has. */
export function liveBoard(live: SiteLive): LiveBoard {
  return {
    get connection() {
      return connectionOf(live.connection);
    },
    onDidChangeConnection: listener => live.onDidChangeConnection(state => listener(connectionOf(state))),
    thread: threadId => live.threads.get(threadId),
    agents: projectId => live.projects.get(projectId)?.agents ?? [],
    onDidChangeThreads: listener => live.onDidChange(change => listener(changedThreads(change, live.threads))),
    projects: () => [...live.projects.values()],
    threads: () => [...live.threads.values()],
  };
}

function connectionOf(state: SiteLive['connection']): ConnectionState {
  return state === 'connected' ? 'online' : state;
}
