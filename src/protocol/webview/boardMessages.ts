import * as z from 'zod/mini';
import { threadActions } from './threadActions.js';
import { boardTabs, tabActionSchema, tabContentSchema } from './boardTabs/boardTab.js';
import { connectionSchema } from './threadPageMessages.js';
import { placeRoomSchema } from './placeRoom.js';
import { agentViewSchema, threadViewSchema } from './threadView.js';

/** The two directions of the board. Whoever receives one parses it first and drops what does not fit. */

/** An agent in the strip on top. */
const boardAgentSchema = z.extend(agentViewSchema, { projectId: z.string(), projectName: z.string() });
export type BoardAgent = z.infer<typeof boardAgentSchema>;

/** Extension to board. */
export const toBoardSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), strings: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('connection'), state: connectionSchema }),
  /** Everything; replaces what was there. */
  z.object({ type: z.literal('snapshot'), threads: z.array(threadViewSchema) }),
  /** Threads that changed or appeared, and ids of those that are gone. */
  z.object({ type: z.literal('changes'), threads: z.array(threadViewSchema), removed: z.array(z.string()) }),
  z.object({
    type: z.literal('strip'),
    agents: z.array(boardAgentSchema),
    queued: z.int(),
    costTodayUsd: z.optional(z.number()),
    /** Where agents run that do not run on the host's machine, as far as somebody could look. */
    places: z.optional(z.array(placeRoomSchema)),
  }),
  z.object({ type: z.literal('tab'), content: tabContentSchema }),
  /** That tab comes to the front. */
  z.object({ type: z.literal('show'), tab: z.enum(boardTabs) }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);
export type ToBoard = z.infer<typeof toBoardSchema>;

/** Board to extension. */
export const fromBoardSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('act'),
    threadId: z.string().check(z.minLength(1), z.maxLength(200)),
    action: z.enum(threadActions),
  }),
  /** That tab is in front: its content is wanted, and again after every change. */
  z.object({ type: z.literal('show'), tab: z.enum(boardTabs) }),
  z.object({ type: z.literal('tabAct'), action: tabActionSchema }),
  z.object({ type: z.literal('dispatch') }),
  z.object({ type: z.literal('startHost') }),
]);
export type FromBoard = z.infer<typeof fromBoardSchema>;
