import type { CommandEntry } from './commandEntry.js';

/** Who reaches a host that listens: `muster login`, `logout`, `token`, `password` and `session`. */
export const accessCommands = {
  login: {
    summary: 'log in to a host elsewhere, or list where you are logged in',
    load: async () => (await import('./commands/login.js')).login,
  },
  logout: {
    summary: 'forget the token of a host elsewhere',
    load: async () => (await import('./commands/login.js')).logout,
  },
  token: {
    summary: 'list the tokens with which programs reach this host over the network',
    load: async () => (await import('./commands/tokens.js')).tokenList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/tokens.js')).tokenList },
      create: { summary: 'make a token', load: async () => (await import('./commands/tokens.js')).tokenCreate },
      revoke: {
        summary: 'let nobody in with a token any more',
        load: async () => (await import('./commands/tokens.js')).tokenRevoke,
      },
    },
  },
  password: {
    summary: 'list who may log in to this host with a password',
    load: async () => (await import('./commands/passwords.js')).passwordList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/passwords.js')).passwordList },
      set: { summary: 'let somebody log in', load: async () => (await import('./commands/passwords.js')).passwordSet },
      rm: {
        summary: 'let somebody log in no more',
        load: async () => (await import('./commands/passwords.js')).passwordRemove,
      },
    },
  },
  session: {
    summary: 'list the browsers that are logged in to this host',
    load: async () => (await import('./commands/sessions.js')).sessionList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/sessions.js')).sessionList },
      revoke: {
        summary: 'log a browser out',
        load: async () => (await import('./commands/sessions.js')).sessionRevoke,
      },
    },
  },
  variable: {
    summary: 'list the variables that every run of this host has',
    load: async () => (await import('./commands/variables.js')).variableList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/variables.js')).variableList },
      set: { summary: 'set one', load: async () => (await import('./commands/variables.js')).variableSet },
      rm: { summary: 'remove one', load: async () => (await import('./commands/variables.js')).variableRemove },
    },
  },
} satisfies Readonly<Record<string, CommandEntry>>;
