import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { startHost } from '../../src/host/bootstrap.js';

/** The real host, which also says how long its event loop was held up. A program of its own, started by `benchHost.ts`. */
const delay = monitorEventLoopDelay({ resolution: 1 });
const host = await startHost({
  stateDir: process.env['MUSTER_HOME'] ?? '',
  mode: 'process',
  distDir: join(process.cwd(), 'dist'),
});
delay.enable();
process.send?.('ready');
await host.ended;
delay.disable();
process.send?.({ eventLoopP99Ms: delay.percentile(99) / 1e6 }, () => process.exit(0));
