import { AppError } from '../../base/errors.js';
import type { Provider } from './provider.js';
import { claude } from './providers/claude.js';
import { codex } from './providers/codex.js';
import { demo } from './providers/demo.js';
import { gemini } from './providers/gemini.js';
import { opencode } from './providers/opencode.js';
import { shellCommand } from './providers/shellCommand.js';
import { createUserProvider, type UserProviderDefinition } from './providers/userDefined.js';

const builtIn: readonly Provider[] = [claude, codex, demo, gemini, opencode];

/** The providers that the agents of one project may name. */
export interface ProviderRegistry {
  /** Errors: `provider.unknown`. */
  get(name: string): Provider;
  /** In alphabetical order. */
  names(): readonly string[];
}

/** The built-in providers and those of a compose file, which cannot take a built-in one's place. */
export function createProviderRegistry(userDefined: ReadonlyMap<string, UserProviderDefinition>): ProviderRegistry {
  const providers = new Map<string, Provider>();
  for (const [name, definition] of userDefined) providers.set(name, createUserProvider(name, definition));
  for (const provider of builtIn) providers.set(provider.name, provider);
  const names = [...providers.keys()].sort();
  return {
    names: () => names,
    get(name) {
      const provider = name === shellCommand.name ? shellCommand : providers.get(name);
      if (provider) return provider;
      throw new AppError(
        'provider.unknown',
        `There is no provider ${JSON.stringify(name)}. Known are ${names.join(', ')}.`,
        { provider: name, known: names },
      );
    },
  };
}
