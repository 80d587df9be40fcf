import type { CommandContext } from '../command.js';
import type { HostSession, SessionOptions } from './hostSession.js';

/** How commands reach a host. */
export type HostCalls = Pick<CommandContext, 'connect' | 'connectRunning' | 'reconnect' | 'repeatable' | 'watch'>;

/** The session of one invocation. What speaks to hosts is read from disk at the first call: many commands make none. */
export function createSession(options: SessionOptions): {
  readonly calls: HostCalls;
  /** Damaged databases of the host that was spoken to. */
  readonly damaged: () => Promise<readonly string[]>;
  readonly dispose: () => Promise<void>;
} {
  let opened: Promise<HostSession> | undefined;
  const open = (): Promise<HostSession> =>
    (opened ??= import('./hostSession.js').then(({ HostSession: Session }) => new Session(options)));
  return {
    calls: {
      connect: async () => (await open()).connect(),
      connectRunning: async () => (await open()).connectRunning(),
      reconnect: async () => (await open()).reconnect(),
      repeatable: async call => (await open()).repeatable(call),
      watch: async () => (await open()).watch(),
    },
    damaged: async () => (await (await opened)?.damaged()) ?? [],
    dispose: async () => (await opened)?.dispose(),
  };
}
