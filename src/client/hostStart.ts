/** What only those need that start a host, read from disk then. */
export { startHostProcess } from './hostProcess.js';
export { findNodeRuntime } from './nodeRuntime.js';
