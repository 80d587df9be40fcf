import type { TabServices } from './boardServices.js';
import type { BoardTabSources } from './boardTabSource.js';
import { agentsTab } from './tabs/agentsTab.js';
import { batchesTab } from './tabs/batchesTab.js';
import { chainsTab } from './tabs/chainsTab.js';
import { queueTab } from './tabs/queueTab.js';
import { schedulesTab } from './tabs/schedulesTab.js';
import { timelineTab } from './tabs/timelineTab.js';

/** Every tab with content of its own. */
export function boardTabSources(services: TabServices): BoardTabSources {
  return {
    timeline: timelineTab(services),
    chains: chainsTab(services),
    agents: agentsTab(services),
    queue: queueTab(services),
    batches: batchesTab(services),
    schedules: schedulesTab(services),
  };
}
