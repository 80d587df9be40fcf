import type { CommandEntry } from './commandEntry.js';

/** Calls of models: `muster llm`, `models` and `facade`. */
export const modelCommands = {
  llm: {
    summary: 'ask a model once, without an agent',
    load: async () => (await import('./commands/llm.js')).llm,
  },
  models: {
    summary: 'list the providers of models, where their keys come from, and what was spent today',
    load: async () => (await import('./commands/models.js')).models,
    parts: {
      calls: {
        summary: 'list the calls of models that went through the host',
        load: async () => (await import('./commands/modelCalls.js')).modelCalls,
      },
    },
  },
  facade: {
    summary: 'call models for runs in a cluster, as a process of its own',
    load: async () => (await import('./commands/facade.js')).facade,
    parts: {
      key: {
        summary: 'print the public key by which facades know this host',
        load: async () => (await import('./commands/facade.js')).facadeKey,
      },
    },
  },
} satisfies Readonly<Record<string, CommandEntry>>;
