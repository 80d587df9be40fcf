import type { AgentSpec, ProjectSpec } from '../../compose/projectSpec.js';
import { person, type Message } from '../messages/message.js';
import type { Run } from '../runs/run.js';
import { verdictText, type AgentVerdict } from './agentVerdict.js';
import type { Chain, Said } from './chain.js';
import { readVerdict, verdictInstruction } from './verdict.js';

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
  /** What the person asked, that the chain goes back to. */
  readonly task: string;
  readonly chain: Chain | undefined;
  /** What the run said with the tool; wins over its last line. */
  readonly verdict?: AgentVerdict | undefined;
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
  if (run.status !== 'succeeded' || !agent?.handoff || chain?.state === 'off') return kept;
  const { onResponse, maxDepth } = agent.handoff;
  const depth = asked.intent === 'changes-requested' ? (chain?.depth ?? 0) : 0;
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
  const tasks = onResponse.flatMap(name => {
    const reviewer = agentOf(spec, name);
    return reviewer ? [{ agent: reviewer, message: reviewRequest(facts, agent, name) }] : [];
  });
  return { tasks, chain: begun };
}

/** A reviewer has said what it thinks. When all have, the author works again, or the chain is over. */
function afterReview(facts: HandOffFacts): HandOff {
  const { run, spec, chain, now } = facts;
  if (chain?.state !== 'going') return chain === undefined ? nothing : { ...nothing, chain };
  const said = [...chain.said, opinionOf(facts)];
  const waiting = chain.waiting.filter(name => name !== run.agent);
  if (waiting.length > 0) return { tasks: [], chain: { ...chain, said, waiting } };
  const next = { ...chain, said, waiting };
  const silent = said.filter(each => each.verdict === undefined).map(each => each.agent);
  const asking = said.filter(each => each.verdict === 'request_changes');
  const author = agentOf(spec, chain.author);
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
        ? `${silent.join(', ')} gave no verdict on the work of ${chain.author}.`
        : `${chain.author} is asked for changes and is not an enabled agent of the compose file any more.`;
    return { tasks: [], chain: { ...next, state: 'undecided', note } };
  }
  const approved = said.some(each => each.verdict === 'approve');
  return { tasks: [], chain: { ...next, state: approved ? 'approved' : 'commented' } };
}

/** The tool's word, else the last line that was asked for; a run that did not succeed has no opinion. */
function opinionOf({ run, verdict: given }: HandOffFacts): Said {
  const text = run.answer ?? '';
  if (run.status !== 'succeeded') return { agent: run.agent, text };
  if (given) return { agent: run.agent, verdict: given.verdict, text: verdictText(given) || text };
  const verdict = readVerdict(text);
  return { agent: run.agent, text, ...(verdict === undefined ? {} : { verdict }) };
}

function reviewRequest({ run, task, now }: HandOffFacts, author: AgentSpec, reviewer: string): HandedTask['message'] {
  const body = [
    author.handoff?.prompt ?? `Review what ${author.name} did. Its changes are in this folder.`,
    `The task was:\n\n${task}`,
    `${author.name} says:\n\n${run.answer ?? ''}`,
    verdictInstruction,
  ].join('\n\n');
  return { threadId: run.threadId, from: author.name, to: reviewer, intent: 'handoff', body, createdAt: now };
}

/** Who began the chain that a message belongs to: the last message of somebody who is no agent of it. */
export function taskOf(messages: readonly Message[], scheduler: string): string {
  return (
    messages.findLast(({ intent, from }) => intent === 'dispatch' && (from === person || from === scheduler))?.body ??
    ''
  );
}

function agentOf(spec: ProjectSpec, name: string): AgentSpec | undefined {
  return spec.agents.find(agent => agent.name === name);
}
