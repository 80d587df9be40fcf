/** What a model is told before it sees the tools: enough to use them well without any other text. */
export const instructions = `Muster runs coding agents in git worktrees and merges what a person has approved.

The way of a task:
1. orch_list_agents shows who there is and what is free.
2. orch_dispatch gives a task to an agent and returns a thread; orch_dispatch_and_wait does that and waits for the answer.
   The same thread_id again is a follow-up: the agent remembers the conversation and works in the same worktree.
3. orch_wait returns the agent's reply. Pass the reference of the last message you know as since_reference, so that you get the
   next one. Where an agent hands its work on (handoff_to), await_chain: true waits for all of it. A wait that ends with
   found: false says what the thread is doing; call it again.
4. orch_review shows the changes. Ask for corrections by dispatching to the same thread.
5. orch_merge asks for the merge and orch_wait_merge tells how it ended. Merging checks nothing out and never overwrites
   anybody's edits; a blocked or conflicted merge says what is in the way.
6. orch_close ends the thread, orch_abandon throws its work away (restorable with \`muster restore\`).

orch_inbox lists what waits for a person. orch_diagnose says why a thread does not go on. Errors say what to do.
An agent's own approval never lands anything: merging is for people and for whoever they let call orch_merge.`;
