import { nothing, type TemplateResult } from 'lit';
import { icon } from '../../shared/icon.js';

const icons: ReadonlyMap<string, string> = new Map([
  ['queued', 'clock'],
  ['starting', 'loading'],
  ['running', 'loading'],
  ['waiting', 'bell-dot'],
  ['succeeded', 'check'],
  ['failed', 'error'],
  ['timed_out', 'error'],
  ['lost', 'error'],
  ['cancelled', 'circle-slash'],
]);

/** The icon of a run's state; its word stands beside it. */
export function runIcon(status: string | undefined): TemplateResult | typeof nothing {
  return status === undefined ? nothing : icon(icons.get(status) ?? 'circle-outline');
}
