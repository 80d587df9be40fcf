/** Test files that the tables name often; all of them speak to Muster from outside. */
export const dispatching = 'test/protocol/compasDispatch.test.ts';
export const running = 'test/protocol/compasRuns.test.ts';
export const chaining = 'test/protocol/compasChains.test.ts';
export const landing = 'test/protocol/compasLanding.test.ts';
export const looking = 'test/protocol/compasLooking.test.ts';
export const setup = 'test/protocol/compasSetup.test.ts';
export const waiting = 'test/protocol/compasWaiting.test.ts';
