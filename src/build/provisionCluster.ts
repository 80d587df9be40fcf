/** `npm run cluster:provision`: builds what the suite `cluster` starts a Kubernetes cluster of. `npm test` never does. */
import { clusterMissing, provideClusterPrograms } from './provision/cluster/programs.ts';
import { say, step } from './progress.ts';

await step('Building a cluster of one node', provideClusterPrograms);
const missing = clusterMissing();
say(missing ?? 'npm test -- cluster starts it.');
process.exitCode = missing === undefined ? 0 : 1;
