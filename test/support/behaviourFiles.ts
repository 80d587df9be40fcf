/** Test files that the tables of behaviours name often. */
export const mcp = 'test/protocol/mcp.test.ts';
export const core = (name: string): string => `test/integration/core/${name}.test.ts`;
export const merge = 'test/contract/merge.test.ts';
export const worktree = 'test/contract/worktree.test.ts';
export const store = 'test/contract/store.test.ts';
export const sandbox = 'test/contract/sandboxContract.ts';
export const firstSteps = 'test/integration/cli/firstSteps.test.ts';
