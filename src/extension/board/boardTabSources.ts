import type { TabServices } from './boardServices.js';
import type { BoardTabSources } from './boardTabSource.js';
import { batchesTab } from './tabs/batchesTab.js';
import { queueTab } from './tabs/queueTab.js';

/** Every tab with content of its own. */
export function boardTabSources(services: TabServices): BoardTabSources {
  return { queue: queueTab(services), batches: batchesTab(services) };
}
