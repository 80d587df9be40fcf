import { defined } from '../../base/defined.js';
import { readVerdict } from '../../base/verdict.js';
import type { AgentSpec, ProjectSpec } from '../../compose/projectSpec.js';
import { person, scheduler, type Message } from '../messages/message.js';
import type { Run } from '../runs/run.js';
import { verdictText, type AgentVerdict } from './agentVerdict.js';
import type { Chain, Said } from './chain.js';
import { verdictInstruction } from './verdictInstruction.js';

/** A message that makes an agent work. */
export interface HandedTask {
  readonly message: Omit<Message, 'id' | 'runId'>;
  readonly agent: AgentSpec;
}

export interface HandOff {
  readonly tasks: readonly HandedTask[];
  /** The chain as it is now; missing: there is none. */
  readonly chain?: Chain;
}

/** What is known when a run has ended. */
export interface HandOffFacts {
  readonly run: Run;
  readonly spec: ProjectSpec;
  /** What the run was asked. */
  readonly asked: Message;
  /** Reads those of the thread, oldest first; with what the run came to. Few ends need them. */
  readonly messages: () => readonly Message[];
  readonly chain: Chain | undefined;
  /** What the run said with the tool; wins over its last line. */
  readonly verdict?: AgentVerdict | undefined;
  /** The thread's commit while the run worked: what it did itself is committed only after this. */
  readonly head?: string | undefined;
  readonly now: number;
}

const nothing: HandOff = { tasks: [] };

/** Who is to work next on a thread after a run of it has ended, and what became of the chain. */
export function handOff(facts: HandOffFacts): HandOff {
  if (facts.asked.intent === 'handoff') return afterReview(facts);
  return afterWork(facts);
}

/** The author has worked: its reply goes to those that its definition names. */
function afterWork(facts: HandOffFacts): HandOff {
  const { run, spec, asked, chain } = facts;
  const agent = agentOf(spec, run.agent);
  const kept = chain === undefined ? nothing : { ...nothing, chain };
  if (!agent?.handoff || chain?.state === 'off') return kept;
  const depth = asked.intent === 'dispatch' ? 0 : (chain?.depth ?? 0);
  if (run.status !== 'succeeded') return afterFailure(facts, { agent, depth }) ?? brokenOff(facts) ?? kept;
  const { onResponse, maxDepth } = agent.handoff;
  if (onResponse.length === 0) return kept;
  const begun: Chain = {
    threadId: run.threadId,
    state: 'going',
    author: run.agent,
    depth: depth + 1,
    waiting: onResponse,
    said: [],
    note: '',
  };
  if (depth >= maxDepth) {
    const note = `${run.agent} and ${onResponse.join(', ')} did not agree within ${maxDepth} hand-offs.`;
    return { tasks: [], chain: { ...begun, depth, state: 'exhausted', waiting: [], said: chain?.said ?? [], note } };
  }
  const missing = onResponse.find(name => !agentOf(spec, name)?.enabled);
  if (missing !== undefined) {
    const note = `${run.agent} hands off to ${missing}, which is not an enabled agent of the compose file any more.`;
    return { tasks: [], chain: { ...begun, state: 'undecided', waiting: [], note } };
  }
  return { tasks: ask(facts, begun), chain: begun };
}

/** Somebody else takes over what an agent could not do; undefined when nobody is to. A cancelled run is a person's wish. */
function afterFailure(
  facts: HandOffFacts,
  { agent, depth }: { readonly agent: AgentSpec; readonly depth: number },
): HandOff | undefined {
  const { run, spec, messages, now } = facts;
  const { onFailure, maxDepth = 0 } = agent.handoff ?? {};
  const next = onFailure === undefined ? undefined : agentOf(spec, onFailure);
  if (!next?.enabled || run.status === 'cancelled' || depth >= maxDepth) return undefined;
  const body = [
    `${agent.name} could not do this task. Take it over; what it left is in this folder.`,
    `The task was:\n\n${taskOf(messages())}`,
    `It failed with:\n\n${run.error?.message ?? run.status}`,
  ].join('\n\n');
  const { threadId } = run;
  const message = { threadId, from: agent.name, to: next.name, intent: 'take-over', body, createdAt: now } as const;
  const chain: Chain = { threadId, state: 'off', author: next.name, depth: depth + 1, waiting: [], said: [], note: '' };
  return { tasks: [{ agent: next, message }], chain: { ...chain, state: 'handed' } };
}

/** The author could not do what was asked of it, or a person stopped it: nobody is waited for any more. */
function brokenOff({ run, chain }: HandOffFacts): HandOff | undefined {
  if (chain?.state !== 'going') return undefined;
  if (run.status === 'cancelled') return { tasks: [], chain: { ...chain, state: 'off', waiting: [] } };
  const note = `${run.agent} failed when it was asked for changes.`;
  return { tasks: [], chain: { ...chain, state: 'undecided', waiting: [], note } };
}

/** A reviewer has said what it thinks. When all have, the author works again, or the chain is over. */
function afterReview(facts: HandOffFacts): HandOff {
  const { run, spec, chain } = facts;
  if (chain?.state !== 'going') return chain === undefined ? nothing : { ...nothing, chain };
  const said = [...chain.said, opinionOf(facts)];
  const rest = chain.waiting.filter(name => name !== run.agent && agentOf(spec, name)?.enabled);
  const author = agentOf(spec, chain.author);
  const join = author?.handoff?.join ?? 'all';
  const decided = join === 'any' && said.at(-1)?.verdict !== undefined;
  const heard: Chain = { ...chain, said, waiting: rest };
  if (rest.length > 0 && !decided) return { tasks: ask(facts, heard), chain: heard };
  if (join === 'none') return noted(heard);
  return judge(facts, { chain: heard, author, said: decided ? said.slice(-1) : said });
}

/** Nobody waits for the reviewers: what they say is there to read. */
function noted(chain: Chain): HandOff {
  const approved = chain.said.every(({ verdict }) => verdict === 'approve');
  return { tasks: [], chain: { ...chain, state: approved ? 'approved' : 'commented' } };
}

/** What those who were heard come to together: one who asks for changes is enough. */
function judge(
  { run, now }: HandOffFacts,
  {
    chain,
    author,
    said,
  }: { readonly chain: Chain; readonly author: AgentSpec | undefined; readonly said: readonly Said[] },
): HandOff {
  const next: Chain = { ...chain, said, waiting: [] };
  const silent = said.filter(each => each.verdict === undefined).map(each => each.agent);
  const asking = said.filter(each => each.verdict === 'request_changes');
  if (asking.length > 0 && author?.enabled) {
    const body = asking.map(each => `${each.agent} asks for changes:\n\n${each.text}`).join('\n\n');
    const from = asking.length === 1 && asking[0] ? asking[0].agent : 'reviewers';
    return {
      tasks: [
        {
          agent: author,
          message: { threadId: run.threadId, from, to: author.name, intent: 'changes-requested', body, createdAt: now },
        },
      ],
      chain: next,
    };
  }
  if (asking.length > 0 || silent.length > 0) {
    const note =
      silent.length > 0
        ? silentText(silent, chain.author)
        : `${chain.author} is asked for changes and is not an enabled agent of the compose file any more.`;
    return { tasks: [], chain: { ...next, state: 'undecided', note } };
  }
  const approved = said.some(each => each.verdict === 'approve');
  return { tasks: [], chain: { ...next, state: approved ? 'approved' : 'commented' } };
}

function silentText(silent: readonly string[], author: string): string {
  const names = silent.join(', ');
  return `${names} ended without saying whether the work of ${author} is good. Review it yourself, or ask ${names} again.`;
}

/** The tool's word, else the last line that was asked for; a run that did not succeed has no opinion. */
function opinionOf({ run, verdict: given, head }: HandOffFacts): Said {
  const text = run.answer ?? '';
  if (run.status !== 'succeeded') return { agent: run.agent, text };
  if (given) {
    const { verdict, commit } = given;
    return { agent: run.agent, verdict, text: verdictText(given) || text, ...(commit !== '' && { commit }) };
  }
  return { agent: run.agent, text, ...defined({ verdict: readVerdict(text), commit: head }) };
}

/**
 * The next of the reviewers is asked; the others have their turn when it has spoken. So what a thread does is what its latest run
 * does, and nobody has to be called off who is not needed any more.
 */
function ask({ run, spec, messages, now }: HandOffFacts, chain: Chain): readonly HandedTask[] {
  const author = agentOf(spec, chain.author);
  const reviewer = agentOf(spec, chain.waiting[0] ?? '');
  if (!reviewer) return [];
  const body = [
    author?.handoff?.prompt ?? `Review what ${chain.author} did. Its changes are in this folder.`,
    `The task was:\n\n${taskOf(messages())}`,
    `${chain.author} says:\n\n${replyOf(messages(), chain.author)}`,
    verdictInstruction,
  ].join('\n\n');
  const { threadId } = run;
  return [
    {
      agent: reviewer,
      message: { threadId, from: chain.author, to: reviewer.name, intent: 'handoff', body, createdAt: now },
    },
  ];
}

/** What the chain goes back to: the last message of somebody who is no agent of it. */
function taskOf(messages: readonly Message[]): string {
  return (
    messages.findLast(({ intent, from }) => intent === 'dispatch' && (from === person || from === scheduler))?.body ??
    ''
  );
}

function replyOf(messages: readonly Message[], agent: string): string {
  return messages.findLast(({ intent, from }) => intent === 'response' && from === agent)?.body ?? '';
}

function agentOf(spec: ProjectSpec, name: string): AgentSpec | undefined {
  return spec.agents.find(agent => agent.name === name);
}
