import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

/**
 * The host as it ships, which also says how long its event loop was held up. A program of its own, started by `benchHost.ts`;
 * plain JavaScript, because what takes types away would be measured as memory of the host.
 */
const distDir = join(process.cwd(), 'dist');
const { startHost } = await import(pathToFileURL(join(distDir, 'host.js')).href);
const delay = monitorEventLoopDelay({ resolution: 1 });
const network =
  process.env['MUSTER_BENCH_LISTENING'] === undefined
    ? undefined
    : {
        at: { address: '127.0.0.1', port: 0, loopback: true },
        plainHttp: false,
        people: { named: [], lifetimeMs: 60_000, secret: '' },
      };
const host = await startHost({ stateDir: process.env['MUSTER_HOME'] ?? '', mode: 'process', distDir, network });
// The monitor wakes a thousand times a second: a host whose idleness is measured goes without.
if (process.env['MUSTER_BENCH_UNWATCHED'] === undefined) delay.enable();
process.send?.('ready');
await host.ended;
delay.disable();
process.send?.({ eventLoopP99Ms: delay.percentile(99) / 1e6 }, () => process.exit(0));
