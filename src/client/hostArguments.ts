/**
 * Node's options for a host. Its young generation may otherwise grow to a hundred megabytes that are never given back,
 * because the lines of busy agents are garbage at once; with less it is emptied more often, which costs little.
 */
export const hostNodeOptions: readonly string[] = ['--max-semi-space-size=4'];
