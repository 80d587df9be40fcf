import * as agents from './tools/agents.js';
import * as dispatching from './tools/dispatching.js';
import * as batches from './tools/batches.js';
import * as chains from './tools/chains.js';
import * as ending from './tools/ending.js';
import * as looking from './tools/looking.js';
import * as merges from './tools/merges.js';
import * as questions from './tools/questions.js';
import * as stats from './tools/stats.js';
import * as threads from './tools/threads.js';
import * as waiting from './tools/waiting.js';
import type { Tool } from './tool.js';

/** Every tool, in the order in which a task needs them. */
export const tools: readonly Tool[] = [
  agents.sessionInfo,
  agents.listAgents,
  agents.health,
  agents.metrics,
  stats.toolStats,
  dispatching.dispatch,
  dispatching.dispatchAndWait,
  waiting.wait,
  waiting.poll,
  threads.status,
  threads.tasks,
  threads.inbox,
  questions.respond,
  threads.transcript,
  threads.read,
  threads.diagnose,
  chains.chain,
  looking.review,
  looking.executionEvents,
  looking.readLog,
  looking.worktrees,
  merges.commit,
  merges.merge,
  merges.mergeStatus,
  merges.mergeCancel,
  merges.waitMerge,
  ending.close,
  ending.reopen,
  ending.abandon,
  batches.batchStatus,
  batches.abandonBatch,
  batches.bestOf,
  batches.keepAttempt,
];
