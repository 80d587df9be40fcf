import { AppError } from '../../base/errors.js';
import type { TopicSource } from './topicEvent.js';

const allowed = /^[A-Za-z0-9._-]{1,128}$/;

/** The host's own events: nobody else may say that a run has ended. */
const ownPrefix = 'muster.';
/** What scripts and agents may publish; what comes from outside is told apart from what comes from inside. */
const innerPrefixes = ['runtime.', 'workflow.', 'external.'];

/** Errors: `topic.invalid`. */
export function requireTopic(topic: string, source: TopicSource): void {
  const reason = refusal(topic, source);
  if (reason !== undefined)
    throw new AppError('topic.invalid', `Topic ${JSON.stringify(topic.slice(0, 130))}: ${reason}.`, { reason });
}

function refusal(topic: string, source: TopicSource): string | undefined {
  if (!allowed.test(topic)) return 'a topic has 1 to 128 letters, digits, dots, dashes and underscores';
  const isOwn = topic.startsWith(ownPrefix);
  if (isOwn !== (source === 'muster')) return 'topics of muster.* are published by the host alone';
  if (source === 'webhook' && !topic.startsWith('webhook.')) return 'a webhook publishes below webhook.';
  const isInner = source === 'script' || source === 'run';
  if (isInner && !innerPrefixes.some(prefix => topic.startsWith(prefix)))
    return `scripts and agents publish below ${innerPrefixes.join(', ')}`;
  return undefined;
}

/** True when a trigger that listens to `pattern` (exact, or with a trailing `*`) hears `topic`. */
export function hears(pattern: string, topic: string): boolean {
  return pattern.endsWith('*') ? topic.startsWith(pattern.slice(0, -1)) : pattern === topic;
}

/** What scripts that were written for agent-compose call an event of the host; nothing for most. */
function otherName(topic: string): string | undefined {
  return topic === 'muster.run.completed' ? 'agent-compose.agent.completed' : undefined;
}

/** By which of its names a trigger that listens to `pattern` hears an event; nothing when it does not. */
export function heardAs(pattern: string, topic: string): string | undefined {
  if (hears(pattern, topic)) return topic;
  const other = otherName(topic);
  return other !== undefined && hears(pattern, other) ? other : undefined;
}
