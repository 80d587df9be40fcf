import type { RegisteredTrigger } from '../../core/scripts/scriptEngine.js';

/** More are a mistake of the script. */
const mostTriggers = 1_000;

/** What the prelude collected. It comes out of the script's own world, so that every value is looked at. */
export function readTriggers(json: string): readonly RegisteredTrigger[] {
  const found: unknown = JSON.parse(json);
  return Array.isArray(found) ? found.slice(0, mostTriggers).flatMap(each => triggerOf(each) ?? []) : [];
}

function triggerOf(value: unknown): RegisteredTrigger | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, kind, ms, cron, timezone, topic }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof id !== 'string' || id === '' || id.length > 200) return undefined;
  if ((kind === 'interval' || kind === 'timeout') && typeof ms === 'number' && ms > 0) return { id, kind, ms };
  if (kind === 'cron' && typeof cron === 'string')
    return { id, kind, cron, ...(typeof timezone === 'string' ? { timezone } : {}) };
  if (kind === 'event' && typeof topic === 'string') return { id, kind, topic };
  return undefined;
}
