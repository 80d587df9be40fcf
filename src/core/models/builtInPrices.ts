import type { PriceRow } from './price.js';

/**
 * List prices in dollars for a million tokens, as their providers published them; the more exact name stands first. They change:
 * rows of `models.json` come before these, and a budget in dollars refuses a model that neither has.
 */
export const builtInPrices: readonly PriceRow[] = [
  { models: 'claude-opus-4-5*', input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 },
  { models: 'claude-opus-4-6*', input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 },
  { models: 'claude-opus-4-1*', input: 15, output: 75, cacheRead: 1.5, cacheWrite: 18.75 },
  { models: 'claude-opus-4', input: 15, output: 75, cacheRead: 1.5, cacheWrite: 18.75 },
  { models: 'claude-opus-4-0', input: 15, output: 75, cacheRead: 1.5, cacheWrite: 18.75 },
  { models: 'claude-sonnet-4*', input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  { models: 'claude-3-7-sonnet*', input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  { models: 'claude-haiku-4-5*', input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 },
  { models: 'claude-3-5-haiku*', input: 0.8, output: 4, cacheRead: 0.08, cacheWrite: 1 },
  { models: 'gpt-5-mini*', input: 0.25, output: 2, cacheRead: 0.025 },
  { models: 'gpt-5-nano*', input: 0.05, output: 0.4, cacheRead: 0.005 },
  { models: 'gpt-5-pro*', input: 15, output: 120 },
  { models: 'gpt-5', input: 1.25, output: 10, cacheRead: 0.125 },
  { models: 'gpt-5-codex', input: 1.25, output: 10, cacheRead: 0.125 },
  { models: 'gpt-5.1', input: 1.25, output: 10, cacheRead: 0.125 },
  { models: 'gpt-5.1-codex', input: 1.25, output: 10, cacheRead: 0.125 },
  { models: 'gpt-4.1', input: 2, output: 8, cacheRead: 0.5 },
  { models: 'gpt-4.1-mini', input: 0.4, output: 1.6, cacheRead: 0.1 },
  { models: 'gpt-4.1-nano', input: 0.1, output: 0.4, cacheRead: 0.025 },
  { models: 'gpt-4o-mini*', input: 0.15, output: 0.6, cacheRead: 0.075 },
  { models: 'gpt-4o', input: 2.5, output: 10, cacheRead: 1.25 },
  { models: 'o3', input: 2, output: 8, cacheRead: 0.5 },
  { models: 'o4-mini', input: 1.1, output: 4.4, cacheRead: 0.275 },
  { models: 'gemini-2.5-pro*', input: 1.25, output: 10, cacheRead: 0.125 },
  { models: 'gemini-2.5-flash-lite*', input: 0.1, output: 0.4, cacheRead: 0.01 },
  { models: 'gemini-2.5-flash*', input: 0.3, output: 2.5, cacheRead: 0.03 },
  { models: 'gemini-2.0-flash', input: 0.1, output: 0.4, cacheRead: 0.025 },
];
