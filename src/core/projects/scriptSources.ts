import type { FetchedScriptSpec } from '../../compose/projectSpec.js';
import { isAgreedTo } from './consent.js';
import { scriptSourceKey } from './consentSurface.js';
import type { Project } from './project.js';

/** What is done about a script that somebody else keeps: `ask` leaves it out until a person agreed to fetching it. */
export type SourceChoice = 'fetch' | 'ask' | { readonly text: string };

export type ChooseSource = (agent: string, source: FetchedScriptSpec) => SourceChoice;

export interface SourceRequest {
  readonly file: string;
  readonly before: Project | undefined;
  readonly dryRun: boolean;
  /** A person agreed to everything, whatever is fetched. */
  readonly toAll: boolean;
}

/**
 * Whether scripts of a compose file are fetched when it is applied. Whoever clones a repository gets its file with it, so that
 * nothing is asked of any address before a person agreed to that; what comes of it is agreed to after that, by its text.
 */
export class ScriptSources {
  /** Agreed to by people whose question about the text itself is still open. */
  readonly #agreed = new Set<string>();

  choose({ file, before, dryRun, toAll }: SourceRequest): ChooseSource {
    return (agent, source) => {
      const key = scriptSourceKey(agent, source);
      if (dryRun) return keptText(before, agent, key) ?? 'ask';
      return toAll || this.#agreed.has(`${file} ${key}`) || isAgreedTo(before?.consent, key) ? 'fetch' : 'ask';
    };
  }

  /** A person agreed to fetching these. */
  agree(file: string, sources: readonly { readonly agent: string; readonly source: FetchedScriptSpec }[]): void {
    for (const { agent, source } of sources) this.#agreed.add(`${file} ${scriptSourceKey(agent, source)}`);
  }
}

/** What was fetched when the file was applied. */
function keptText(before: Project | undefined, agent: string, key: string): { readonly text: string } | undefined {
  const registered = before?.spec.agents.find(({ name }) => name === agent)?.scheduler?.registered;
  if (!registered?.source || scriptSourceKey(agent, registered.source) !== key) return undefined;
  return { text: registered.text };
}
