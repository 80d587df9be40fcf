/** What would be pushed and asked for; nothing of it has happened. Everything in it is shown to the person who decides. */
export interface PullRequestDraft {
  /** Where to, as git would push there now: settings of the repository are also an agent's to write. */
  readonly url: string;
  readonly remote: string;
  /** The thread's branch, which gets this name at the remote. */
  readonly branch: string;
  readonly head: string;
  /** The branch that it is to be merged into. */
  readonly base: string;
  readonly title: string;
  /** Markdown. Words of agents stand in it as text. */
  readonly body: string;
  /** The repository at its forge; missing where the URL names none. */
  readonly forge?: Forge;
}

/** A repository at GitHub, or at a server of that kind. */
export interface Forge {
  readonly host: string;
  readonly owner: string;
  readonly name: string;
}

const part = '[A-Za-z0-9._-]+';
const forgeUrls = [
  new RegExp(`^https?://(?:[^/@]*@)?(${part}(?::\\d+)?)/(${part})/(${part})$`),
  new RegExp(`^ssh://(?:[^/@]*@)?(${part})(?::\\d+)?/(${part})/(${part})$`),
  new RegExp(`^(?:[^/@:]*@)(${part}):(${part})/(${part})$`),
];

/** The repository that a remote's URL names by host, owner and name; undefined for paths and for deeper names. */
export function forgeOf(url: string): Forge | undefined {
  const plain = url.replace(/\/$/, '').replace(/\.git$/, '');
  for (const pattern of forgeUrls) {
    const [, host, owner, name] = pattern.exec(plain) ?? [];
    if (host && owner && name) return { host, owner, name };
  }
  return undefined;
}

/** What people may push to: no helper programs, and nothing that git takes for an option. */
export function isPlainRemote(url: string): boolean {
  return (
    /^(?:https?|ssh|git|file):\/\/[^\s-]/.test(url) ||
    /^[^\s:/@-][^\s:/@]*@[^\s:-][^\s:]*:(?!:)/.test(url) ||
    /^\/(?!\/)/.test(url)
  );
}

/** As much of an answer as a description can hold. */
const longestAnswer = 4_000;

/** The task in the person's words, and what the agent said as text that mentions nobody and links nowhere. */
export function pullRequestBody({
  task,
  agent,
  answer,
}: {
  readonly task: string;
  readonly agent: string;
  readonly answer: string | undefined;
}): string {
  if (answer === undefined || answer.trim() === '') return `${task.trim()}\n`;
  const words = answer.trim().slice(0, longestAnswer);
  // Longer than any in it, so that nothing of it is Markdown.
  const ticks = [...words.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(2, ...ticks) + 1);
  return `${task.trim()}\n\n${agent.replace(/[^\w.-]/g, '')} said:\n\n${fence}text\n${words}\n${fence}\n`;
}
